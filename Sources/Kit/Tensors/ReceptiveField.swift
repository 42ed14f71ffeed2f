/// Which pixels of the input each pixel of a convolution's output sees.
struct ReceptiveField {
    let height, width, channels: Int
    let kernelHeight, kernelWidth: Int
    let stride: Int
    let padding: Padding
    let outputHeight, outputWidth: Int

    init(_ x: Shape, _ weight: Shape, stride: Int, padding: Padding) {
        precondition(stride >= 1, "conv2d: stride \(stride)")
        (height, width, channels) = (x[1], x[2], x[3])
        (kernelHeight, kernelWidth) = (weight[1], weight[2])
        self.stride = stride
        self.padding = padding
        let paddedHeight = height + padding.top + padding.bottom
        let paddedWidth = width + padding.left + padding.right
        precondition(
            kernelHeight <= paddedHeight && kernelWidth <= paddedWidth,
            "conv2d: weight \(weight) is larger than x \(x) with padding \(padding)")
        outputHeight = (paddedHeight - kernelHeight) / stride + 1
        outputWidth = (paddedWidth - kernelWidth) / stride + 1
    }

    /// Whether an output pixel sees the input pixel at the same place and no other.
    var isPixel: Bool {
        kernelHeight == 1 && kernelWidth == 1 && stride == 1 && padding == Padding(0)
    }
}

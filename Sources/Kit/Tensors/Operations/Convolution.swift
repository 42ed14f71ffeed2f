/// How many rows and columns of zeros surround an image.
public struct Padding: Sendable, Equatable {
    public let top, left, bottom, right: Int

    public init(top: Int, left: Int, bottom: Int, right: Int) {
        precondition(
            min(top, left, bottom, right) >= 0,
            "negative padding \(top), \(left), \(bottom), \(right)")
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// The same on all four sides.
    public init(_ side: Int) { self.init(top: side, left: side, bottom: side, right: side) }
}

/// A two-dimensional convolution (cross-correlation, as in PyTorch) over channels-innermost images.
///
/// - Parameters:
///   - x: `[B, H, W, I]`.
///   - weight: `[O, h, w, I]`, see ``Weight/channelsInnermost()``.
///   - bias: `[O]`.
/// - Returns: `[B, H', W', O]` with `H' = (H + top + bottom - h) / stride + 1`, rounded down.
///
/// A product of matrices whose rows are the receptive fields of the output's pixels. A band of
/// rows at a time is gathered into scratch memory, so that the whole matrix, `h · w` times the
/// image, never exists. A 1×1 convolution needs no gathering at all.
public func conv2d(
    _ x: Tensor, _ weight: Weight, bias: Tensor?, stride: Int = 1, padding: Padding = Padding(0)
) -> Tensor {
    precondition(
        x.shape.rank == 4 && weight.shape.rank == 4 && x.shape[3] == weight.shape[3],
        "conv2d: x \(x.shape), weight \(weight.shape)")
    precondition(
        bias == nil || bias?.shape == [weight.shape[0]],
        "conv2d: weight \(weight.shape), bias \(bias?.shape ?? [])")
    let field = ReceptiveField(x.shape, weight.shape, stride: stride, padding: padding)
    let (outputs, depth) = (weight.shape[0], weight.shape.count / max(weight.shape[0], 1))
    let matrix = weight.reshaped([outputs, depth])
    let rows = x.shape[0] * field.outputHeight * field.outputWidth
    let shape: Shape = [x.shape[0], field.outputHeight, field.outputWidth, outputs]
    return unsafe Tensor(uninitialized: shape) { y in
        unsafe x.withElements { x in
            unsafe bias.withElements { bias in
                guard !field.isPixel else {
                    unsafe linearForward(x, matrix, bias, into: y, rows: rows)
                    return
                }
                let product = Product(rows: rows, columns: outputs, depth: depth, gathers: true)
                unsafe product(x, matrix, bias: bias, into: y) { rows, band in
                    unsafe field.gather(rows, of: x, into: band)
                }
            }
        }
    }
}

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

    /// Writes the receptive fields of some output pixels, counted through the batch in row-major
    /// order, one after the other: `[rows, h, w, I]`.
    func gather(
        _ rows: Range<Int>, of x: UnsafePointer<Float>, into band: UnsafeMutablePointer<Float>
    ) {
        var target = unsafe band
        var column = rows.lowerBound % outputWidth
        var line = rows.lowerBound / outputWidth % outputHeight
        var image = rows.lowerBound / (outputWidth * outputHeight)
        let fieldLine = kernelWidth * channels
        for _ in rows {
            let left = column * stride - padding.left
            let top = line * stride - padding.top
            // The columns of the field that lie inside the image.
            let inside = min(max(-left, 0), kernelWidth)..<min(max(width - left, 0), kernelWidth)
            for y in top..<top + kernelHeight {
                if y >= 0 && y < height && !inside.isEmpty {
                    let start = ((image * height + y) * width + left + inside.lowerBound) * channels
                    let before = inside.lowerBound * channels
                    let count = inside.count * channels
                    unsafe target.update(repeating: 0, count: before)
                    unsafe (target + before).update(from: x + start, count: count)
                    unsafe (target + before + count).update(
                        repeating: 0, count: fieldLine - before - count)
                } else {
                    unsafe target.update(repeating: 0, count: fieldLine)
                }
                unsafe target += fieldLine
            }
            column += 1
            if column == outputWidth {
                column = 0
                line += 1
                if line == outputHeight {
                    line = 0
                    image += 1
                }
            }
        }
    }
}

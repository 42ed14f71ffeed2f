public import Tensors

/// A two-dimensional convolution with a bias, over channels-innermost images.
public struct Conv2d: Sendable {
    let kernel: ConvolutionKernel
    let bias: Tensor?
    let stride: Int
    let padding: Padding

    /// - Parameters:
    ///   - p: holds `weight` of `[outputs, inputs, kernel, kernel]`, PyTorch's order, and, with
    ///     `bias`, `bias` of `[outputs]`.
    ///   - padding: on all four sides.
    public init(
        _ p: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1,
        padding: Int = 0, bias: Bool = true
    ) throws(ParameterError) {
        try self.init(
            p, inputs, outputs, kernel: kernel, stride: stride, padding: Padding(padding),
            bias: bias)
    }

    public init(
        _ p: Parameters, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1,
        padding: Padding, bias: Bool = true
    ) throws(ParameterError) {
        self.kernel = try p.kernel("weight", [outputs, inputs, kernel, kernel], stride: stride)
        self.bias = bias ? try p.tensor("bias", [outputs]) : nil
        self.stride = stride
        self.padding = padding
    }

    /// `[B, H, W, inputs]` to `[B, H', W', outputs]`, added to a residual of that shape if there is one.
    public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) -> Tensor {
        conv2d(x, kernel, bias: bias, stride: stride, padding: padding, adding: residual)
    }
}

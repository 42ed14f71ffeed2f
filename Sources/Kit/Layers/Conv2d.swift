public import Tensors

/// A two-dimensional convolution with a bias, over channels-innermost images.
public struct Conv2d: Sendable {
    private let kernel: Kernel
    let bias: Tensor?
    let stride: Int
    let padding: Padding

    /// The weight in the form that the convolution reads.
    private enum Kernel {
        case stored(Weight)  // [outputs, kernel, kernel, inputs]
        case transformed(WinogradWeight)
    }

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
        let weight = try p.weight("weight", [outputs, inputs, kernel, kernel]).channelsInnermost()
        self.kernel =
            weight.isMaterialised && WinogradWeight.suits(weight.shape, stride: stride)
            ? .transformed(WinogradWeight(weight)) : .stored(weight)
        self.bias = bias ? try p.tensor("bias", [outputs]) : nil
        self.stride = stride
        self.padding = padding
    }

    /// `[B, H, W, inputs]` to `[B, H', W', outputs]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch kernel {
        case .stored(let weight):
            conv2d(x, weight, bias: bias, stride: stride, padding: padding)
        case .transformed(let weight):
            conv2d(x, weight, bias: bias, padding: padding)
        }
    }
}

public import Tensors

/// An affine map of the last axis.
public struct Linear: Sendable {
    let matrix: Matrix
    let bias: Tensor?

    /// - Parameter p: holds `weight` of `[outputs, inputs]` and, with `bias`, `bias` of `[outputs]`.
    public init(
        _ p: Parameters, _ inputs: Int, _ outputs: Int, bias: Bool = true
    ) throws(ParameterError) {
        matrix = try p.matrix("weight", [outputs, inputs])
        self.bias = bias ? try p.tensor("bias", [outputs]) : nil
    }

    /// A map whose parts were read elsewhere.
    /// - Parameters:
    ///   - matrix: `[outputs, inputs]`.
    ///   - bias: `[outputs]`.
    public init(_ matrix: Matrix, bias: Tensor?) {
        self.matrix = matrix
        self.bias = bias
    }

    /// `[..., inputs]` to `[..., outputs]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { linear(x, matrix, bias: bias) }
}

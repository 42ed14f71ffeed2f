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

    /// What else is computed in the arithmetic of this map: attention over what it projects, say.
    public var arithmetic: Arithmetic { matrix.arithmetic }

    /// `[..., inputs]` to `[..., outputs]`, added to a residual of that shape if there is one.
    public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) -> Tensor {
        linear(x, matrix, bias: bias, adding: residual)
    }
}

/// The matrix of a linear map, `[N, K]`, in the form that its products read. The form decides the
/// arithmetic.
public enum Matrix: Sendable {
    /// Row-major, as published: 32-bit floats.
    case stored(Weight)
    /// Panels of bf16 numbers: products in bf16, sums in 32-bit floats.
    case pairs(PackedWeight)

    public var shape: Shape {
        switch self {
        case .stored(let weight): weight.shape
        case .pairs(let weight): weight.shape
        }
    }

    /// The arithmetic of what goes with the matrix (attention over its results, say).
    public var arithmetic: Arithmetic {
        switch self {
        case .stored: .float32
        case .pairs: .bfloat16
        }
    }

    /// The matrices that a packed tensor holds.
    /// - Returns: `nil` for a layout that is not one of matrices.
    public static func unpacked(_ tensor: PackedTensor) -> [Matrix]? {
        guard tensor.shape.rank == 2 else { return nil }
        return switch tensor.layout {
        case .pairs:
            unsafe tensor.map { unsafe .pairs(PackedWeight($0, unsafeBytes: $1, owner: $2)) }
        }
    }
}

/// What products and attention compute in; sums are always in 32-bit floats.
public enum Arithmetic: Sendable, Equatable { case float32, bfloat16 }

/// An affine map of the last axis, `y = x · matrixᵀ + bias`, whatever form the matrix has.
///
/// - Parameters:
///   - x: `[..., K]`.
///   - bias: `[N]`.
/// - Returns: `[..., N]`; a row depends on its row of `x` alone.
public func linear(_ x: Tensor, _ matrix: Matrix, bias: Tensor? = nil) -> Tensor {
    switch matrix {
    case .stored(let weight): linear(x, weight, bias: bias)
    case .pairs(let weight): linear(x, weight, bias: bias)
    }
}

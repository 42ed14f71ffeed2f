/// The matrix of a linear map, `[N, K]`, in the form that its products read. The form decides the
/// arithmetic.
public enum Matrix: Sendable {
    /// Row-major, as published: 32-bit floats.
    case stored(Weight)
    /// Panels of 32-bit floats, or of bf16 numbers: products in these, sums in 32-bit floats.
    case packed(PackedWeight)
    /// Blocks of 8-bit or 4-bit numbers: products of blocks in integers.
    case quantised(QuantisedWeight)

    public var shape: Shape {
        switch self {
        case .stored(let weight): weight.shape
        case .packed(let weight): weight.shape
        case .quantised(let weight): weight.shape
        }
    }

    /// The arithmetic of what goes with the matrix (attention over its results, say).
    public var arithmetic: Arithmetic {
        switch self {
        case .stored, .quantised: .float32
        case .packed(let weight): weight.format
        }
    }

    /// The numbers, row-major, where none was rounded for the sake of the form; `nil` elsewhere.
    package var numbers: Weight? {
        switch self {
        case .stored(let weight): return weight
        case .packed(let weight):
            guard weight.format == .float32 else { return nil }
            var numbers: Weight?
            unsafe weight.withFloats { panels in
                numbers = unsafe unpackedPanels(weight.shape, UnsafeRawPointer(panels))
            }
            return numbers
        case .quantised: return nil
        }
    }

    /// Other numbers in the same form.
    /// - Precondition: the form has ``numbers``.
    package func holding(_ numbers: Weight) -> Matrix {
        switch self {
        case .stored: .stored(numbers)
        case .packed(let weight): .packed(PackedWeight(numbers, format: weight.format))
        case .quantised: preconditionFailure("a quantised matrix cannot be changed")
        }
    }

    /// The matrices that a packed tensor holds.
    /// - Returns: `nil` for a layout that is not one of matrices.
    public static func unpacked(_ tensor: PackedTensor) -> [Matrix]? {
        guard tensor.shape.rank == 2 else { return nil }
        return switch tensor.layout {
        case .panels, .pairs:
            unsafe tensor.map {
                unsafe .packed(
                    PackedWeight(
                        $0, format: tensor.layout.arithmetic, unsafeBytes: $1, owner: $2))
            }
        case .q8_0, .q4:
            unsafe tensor.map {
                unsafe .quantised(
                    QuantisedWeight(
                        $0, format: tensor.layout.quantisedFormat, unsafeBytes: $1, owner: $2))
            }
        case .winograd, .winogradPairs: nil
        }
    }
}

/// An affine map of the last axis, `y = x · matrixᵀ + bias`, whatever form the matrix has.
///
/// - Parameters:
///   - x: `[..., K]`.
///   - bias: `[N]`.
///   - residual: `[..., N]`, to which the result is added.
/// - Returns: `[..., N]`; a row depends on its row of `x` alone.
public func linear(
    _ x: Tensor, _ matrix: Matrix, bias: Tensor? = nil, adding residual: Tensor? = nil
) -> Tensor {
    switch matrix {
    case .stored(let weight): return linear(x, weight, bias: bias, adding: residual)
    case .packed(let weight): return linear(x, weight, bias: bias, adding: residual)
    case .quantised(let weight):
        let y = linear(x, weight, bias: bias)
        return residual.map { $0 + y } ?? y
    }
}

/// Several affine maps of the last axis of the same `x`, with as many biases: each as ``linear(_:_:bias:adding:)``
/// gives it. Quantised matrices share the work on the rows, and are read one behind the other.
public func linear(_ x: Tensor, _ maps: [(matrix: Matrix, bias: Tensor?)]) -> [Tensor] {
    var quantised: [(weight: QuantisedWeight, bias: Tensor?)] = []
    for (matrix, bias) in maps {
        if case .quantised(let weight) = matrix { quantised.append((weight, bias)) }
    }
    guard quantised.count < maps.count || maps.isEmpty else { return linear(x, quantised) }
    return maps.map { linear(x, $0.matrix, bias: $0.bias) }
}

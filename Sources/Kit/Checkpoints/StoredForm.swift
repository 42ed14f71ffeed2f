public import Layers
public import Tensors

/// What a file says of a tensor, known before the tensor's bytes are.
public enum StoredForm: Sendable, Equatable {
    case plain(WeightFormat, [Int])
    case packed(PackedLayout, Shape, parts: Int)

    /// Of a parameter that is stored in a type.
    /// - Parameter shape: as the model asks for it, a convolution's `[O, I, h, w]`.
    public init(of shape: Shape, for use: ParameterUse, as type: WeightType) {
        guard let layout = type.layout(for: use, shape) else {
            self = .plain(type.format(for: use), shape.array)
            return
        }
        switch use {
        case .kernel:
            self = .packed(layout, [shape[0], shape[2], shape[3], shape[1]], parts: 1)
        case .matrix(let parts): self = .packed(layout, shape, parts: parts)
        case .vector, .table: preconditionFailure("\(use) in \(layout)")
        }
    }

    public var byteCount: Int {
        switch self {
        case .plain(let format, let extents): extents.reduce(format.width, *)
        case .packed(let layout, let shape, let parts):
            PackedTensor.byteCount(shape, layout, parts: parts)
        }
    }
}

extension StoredParameter {
    public var form: StoredForm {
        switch self {
        case .plain(let weight): .plain(weight.format, weight.shape.array)
        case .packed(let tensor): .packed(tensor.layout, tensor.shape, parts: tensor.parts)
        }
    }

    /// Calls `body` with the bytes as they are written to a file.
    public func withStoredBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch self {
        case .plain(let weight): try weight.withStoredBytes(body)
        case .packed(let tensor): try tensor.withStoredBytes(body)
        }
    }
}

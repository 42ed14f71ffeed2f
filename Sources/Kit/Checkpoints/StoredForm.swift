public import Layers
public import Tensors

/// What a file says of a tensor, known before the tensor's bytes are.
public enum StoredForm: Sendable, Equatable {
    case plain(WeightFormat, [Int])
    case packed(PackedLayout, Shape, parts: Int)

    var byteCount: Int {
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
    func withStoredBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch self {
        case .plain(let weight): try weight.withStoredBytes(body)
        case .packed(let tensor): try tensor.withStoredBytes(body)
        }
    }
}

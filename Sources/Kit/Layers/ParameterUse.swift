public import Tensors

/// What a model does with a parameter: so a tool that stores models knows which form it may have.
public enum ParameterUse: Sendable, Equatable {
    /// A bias, a norm's scale: read as 32-bit floats when the model is made.
    case vector
    /// Rows that are looked up, or numbers that are read one by one.
    case table
    /// One matrix, or several of equal size, one below the other.
    case matrix(parts: Int)
    /// The kernel of a convolution.
    case kernel(stride: Int)
}

/// A parameter as a store has it.
public enum StoredParameter: Sendable {
    /// As published: row-major, convolutions as `[O, I, h, w]`.
    case plain(Weight)
    /// In the order in which a kernel reads it.
    case packed(PackedTensor)

    /// As the configuration of a model has it, convolutions as `[O, I, h, w]`.
    public var shape: Shape {
        switch self {
        case .plain(let weight): weight.shape
        case .packed(let tensor):
            tensor.shape.rank == 4
                ? [tensor.shape[0], tensor.shape[3], tensor.shape[1], tensor.shape[2]]
                : tensor.shape
        }
    }
}

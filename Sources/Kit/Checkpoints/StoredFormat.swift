public import Tensors

/// How the numbers of a tensor lie in a file.
public enum StoredFormat: Sendable, Equatable, CustomStringConvertible {
    /// One after the other, little-endian.
    case elements(ElementType)
    /// In blocks along the innermost axis, which share a scale.
    case blocks(BlockFormat)
    /// In the order in which a kernel reads them: a weight of that shape, in equal parts.
    case packed(PackedLayout, Shape, parts: Int)

    /// Whether they can be read as 32-bit floats.
    public var isReadable: Bool {
        switch self {
        case .blocks, .elements(.float16), .elements(.bfloat16), .elements(.float32),
            .elements(.float64):
            true
        case .elements, .packed: false
        }
    }

    /// See ``ElementType/isInteger``.
    public var isInteger: Bool {
        if case .elements(let type) = self { type.isInteger } else { false }
    }

    public var description: String {
        switch self {
        case .elements(let type): type.rawValue
        case .blocks(let format): format.rawValue
        case .packed(let layout, _, _): layout.rawValue
        }
    }
}

public import Stages
import Tensors

/// How the numbers of random weights are stored, and so which arithmetic runs on them.
public enum NumberType: String, Sendable, CaseIterable {
    case float32 = "f32"
    case bfloat16 = "bf16"
    case float16 = "f16"

    /// The form of a weight that is read as it is stored.
    var format: WeightFormat {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .float16: .float16
        }
    }

    /// Bytes of one number.
    var width: Double { Double(format.width) }
}

/// Which type for which stage.
public struct NumberTypes: Sendable, Equatable {
    /// For all that have none of their own.
    let general: NumberType
    private var own: [StageKind: NumberType] = [:]

    public init(_ general: NumberType) { self.general = general }

    public subscript(kind: StageKind) -> NumberType {
        get { own[kind] ?? general }
        set { own[kind] = newValue }
    }
}

/// What a stored type costs and runs on.
enum Arithmetic {
    case float32, bfloat16, int8

    /// - Parameter type: a ``NumberType``'s raw value, or how a file says it.
    init(of type: String) {
        switch type {
        case "bf16": self = .bfloat16
        case "q8_0", "q4": self = .int8
        default: self = .float32
        }
    }

    /// Bytes of a stored number, its share of a block's scale included.
    static func width(of type: String) -> Double {
        switch type {
        case "f16", "bf16": 2
        case "q8_0": 34.0 / 32
        case "q4": 18.0 / 32
        default: 4
        }
    }
}

/// Which of the machine's peaks the products of a type can reach.
enum PeakArithmetic {
    case float32, bfloat16, int8

    /// - Parameter type: a `WeightType`'s raw value, or how files store their weights.
    init(of type: String) {
        switch type {
        case "bf16": self = .bfloat16
        case "q8_0", "q4", "q4_0", "q4_1": self = .int8
        default: self = .float32
        }
    }

    /// Bytes of a stored number, its share of a block's scales included.
    static func width(of type: String) -> Double {
        switch type {
        case "f16", "bf16": 2
        case "q8_0": 34.0 / 32
        case "q4", "q4_0": 18.0 / 32
        case "q4_1": 20.0 / 32
        default: 4
        }
    }
}

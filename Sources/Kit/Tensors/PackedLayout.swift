/// How the bytes of a packed weight lie: in the order in which a kernel reads them.
///
/// The raw value is written into model files. A layout is the same on every CPU, and never changes:
/// another order gets another name.
public enum PackedLayout: String, Sendable, CaseIterable {
    /// ``PackedWeight`` in 32-bit floats: panels of 32 columns.
    case panels = "f32-panels-32"
    /// ``PackedWeight`` in bf16: panels of 32 columns of pairs along the depth.
    case pairs = "bf16-pairs-32"
    /// ``WinogradWeight`` in 32-bit floats.
    case winograd = "f32-winograd-32"
    /// ``WinogradWeight`` in bf16.
    case winogradPairs = "bf16-winograd-32"
    /// ``QuantisedWeight``: bytes.
    case q8_0 = "q8_0-rows-16"
    /// ``QuantisedWeight``: half bytes.
    case q4 = "q4-rows-16"

    /// Whether a weight of that shape can lie so; an extent of zero cannot.
    public func suits(_ shape: Shape) -> Bool {
        guard shape.array.allSatisfy({ $0 >= 1 }) else { return false }
        return switch self {
        case .panels, .pairs: shape.rank == 2 || shape.rank == 4
        case .winograd, .winogradPairs: shape.rank == 4 && shape[1] == 3 && shape[2] == 3
        case .q8_0, .q4: QuantisedWeight.suits(shape)
        }
    }

    /// The bytes of a weight of that shape.
    /// - Parameter shape: `[N, K]`, or `[O, h, w, I]`, of at most 2⁴⁴ elements.
    public func byteCount(_ shape: Shape) -> Int {
        precondition(suits(shape), "\(shape) as \(rawValue)")
        return switch self {
        case .panels, .pairs: PackedWeight.byteCount(shape, arithmetic)
        case .winograd, .winogradPairs:
            WinogradWeight.byteCount(
                outputs: shape[0], channels: shape[3], format: arithmetic)
        case .q8_0: QuantisedWeight.byteCount(shape, .q8_0)
        case .q4: QuantisedWeight.byteCount(shape, .q4)
        }
    }

    /// Bytes before the panels.
    var headBytes: Int {
        switch self {
        case .panels, .pairs, .winograd, .winogradPairs: 0
        case .q8_0, .q4: QuantisedWeight.headSize
        }
    }

    /// Of products with panels or transformed numbers.
    var arithmetic: Arithmetic {
        switch self {
        case .panels, .winograd, .q8_0, .q4: .float32
        case .pairs, .winogradPairs: .bfloat16
        }
    }

    var quantisedFormat: QuantisedWeight.Format { self == .q4 ? .q4 : .q8_0 }
}

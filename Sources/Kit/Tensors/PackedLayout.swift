/// How the bytes of a packed weight lie: in the order in which a kernel reads them.
///
/// The raw value is written into model files. A layout is the same on every CPU, and never changes: another
/// order gets another name.
public enum PackedLayout: String, Sendable, CaseIterable {
    /// ``PackedWeight``: bf16, panels of 32 columns of pairs along the depth.
    case pairs = "bf16-pairs-32"

    /// Whether a weight of that shape can lie so; an extent of zero cannot.
    public func suits(_ shape: Shape) -> Bool {
        guard shape.array.allSatisfy({ $0 >= 1 }) else { return false }
        return switch self {
        case .pairs: shape.rank == 2 || shape.rank == 4
        }
    }

    /// The bytes of a weight of that shape.
    /// - Parameter shape: `[N, K]`, or `[O, h, w, I]`, of at most 2⁴⁴ elements.
    public func byteCount(_ shape: Shape) -> Int {
        precondition(suits(shape), "\(shape) as \(rawValue)")
        return switch self {
        case .pairs: PackedWeight.byteCount(shape)
        }
    }
}

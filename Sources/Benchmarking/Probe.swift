internal import CPeak
import Glibc
import Tensors

/// What the machine gives right now to all threads of an operation together: the measure that
/// stages are held against. Clocks and memory wander, so it is taken before and after each stage.
public struct MachineRates: Codable, Sendable, Equatable {
    /// Thousand millions of operations a second, two for each multiply-add; `nil` where the CPU has
    /// no instruction for the numbers.
    public let float32: Double
    public let bfloat16: Double?
    public let int8: Double?
    /// Thousand millions of bytes a second that are read from memory.
    public let read: Double

    enum CodingKeys: String, CodingKey {
        case float32 = "f32_gflops"
        case bfloat16 = "bf16_gflops"
        case int8 = "int8_gops"
        case read = "read_gbytes"
    }

    /// More than the caches hold.
    private static let bytes = 256 << 20
    /// Of a sample: it should take some hundredths of a second, next to which waking threads is
    /// nothing.
    private static let passes = 4
    private static let rounds: Int64 = 6_000_000
    private static let samples = 5

    /// Takes less than a second.
    static func measure(threads: Int) throws -> MachineRates {
        let memory = try RandomBytes(byteCount: bytes)
        memory.fill(mask: .max, fixed: 0, seed: 1)
        let part = bytes / threads / 256 * 256
        let read = fastest(threads) { thread in
            for _ in 0..<passes { unsafe sum(voken_peak_read(memory.base + thread * part, part)) }
            return Double(passes * part)
        }
        let float32 = peak(threads, voken_peak_float32)
        return MachineRates(
            float32: float32 ?? 0, bfloat16: peak(threads, voken_peak_bfloat16),
            int8: peak(threads, voken_peak_int8), read: read / 1e9)
    }

    /// The rate for a type's arithmetic. What the CPU has no instruction for runs in 32-bit floats.
    func operations(_ arithmetic: PeakArithmetic) -> Double {
        switch arithmetic {
        case .float32: float32
        case .bfloat16: bfloat16 ?? float32
        case .int8: int8 ?? float32
        }
    }

    /// Of the CPU time, what others may take before figures are doubted.
    static let tolerableOthers = 0.03
    /// How far rates may lie apart that were taken before and after: clocks are steadier than memory.
    private static let tolerance = (operations: 0.05, read: 0.15)

    /// What makes figures doubtful that were taken in between.
    static func differences(_ before: MachineRates, _ after: MachineRates) -> [String] {
        func differ(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
            max(a, b) > min(a, b) * (1 + tolerance)
        }
        func whole(_ rate: Double) -> Int { Int(rate.rounded()) }
        var differences: [String] = []
        if differ(before.float32, after.float32, tolerance.operations) {
            differences.append(
                "the clock changed: \(whole(before.float32)), then \(whole(after.float32)) "
                    + "GFLOP/s in f32")
        }
        if differ(before.read, after.read, tolerance.read) {
            differences.append(
                "memory changed: \(whole(before.read)), then \(whole(after.read)) GB/s")
        }
        return differences
    }

    private static func peak(_ threads: Int, _ loop: (Int64) -> Double) -> Double? {
        guard loop(1) > 0 else { return nil }
        return fastest(threads) { _ in loop(rounds) } / 1e9
    }

    /// The best of some samples, for it is the limit that is asked for.
    /// - Parameter work: what one thread does; returns how much that was.
    private static func fastest(_ threads: Int, _ work: (Int) -> Double) -> Double {
        var best = 0.0
        for _ in 0..<samples {
            let done = Amounts(threads)
            let time = seconds {
                ThreadPool.run(threads) { thread in done.set(thread, work(thread)) }
            }
            best = max(best, done.sum / time)
        }
        return best
    }
}

/// Numbers that threads write, each its own.
///
/// `@unchecked Sendable`: see above.
@safe private final class Amounts: @unchecked Sendable {
    private let values: UnsafeMutableBufferPointer<Double>

    init(_ count: Int) {
        unsafe values = .allocate(capacity: count)
        unsafe values.initialize(repeating: 0)
    }

    deinit { unsafe values.deallocate() }

    func set(_ index: Int, _ value: Double) { unsafe values[index] = value }

    var sum: Double { unsafe values.reduce(0, +) }
}

/// Keeps what was read from being optimised away.
@inline(never) private func sum(_ value: UInt64) { _ = value }

/// The time of a call.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try body()
    return (clock.now - start) / .seconds(1)
}

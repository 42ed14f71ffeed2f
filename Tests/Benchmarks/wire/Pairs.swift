import BenchmarkSupport
import Foundation

/// Rounds of measurements that take turns, one list of values for each name.
struct Rounds {
    private(set) var values: [String: [Double]] = [:]

    mutating func add(_ name: String, _ value: Double) { values[name, default: []].append(value) }

    func median(_ name: String) -> Double { Distribution(values[name] ?? []).quantile(0.5) }

    /// The median of what one is of another in the same round.
    func ratio(_ name: String, of other: String) -> Double {
        let pairs = zip(values[name] ?? [], values[other] ?? [])
        return Distribution(pairs.map { $0 / $1 }).quantile(0.5)
    }
}

func microseconds(_ nanoseconds: Double) -> String { number(nanoseconds / 1000) + " µs" }

func mebibytes(_ bytesPerSecond: Double) -> String {
    number(bytesPerSecond / 1_048_576) + " MiB/s"
}

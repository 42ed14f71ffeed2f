/// Times of calls, and when there are enough of them.
struct Measurement {
    /// The median's interval is to lie within this share of it, on either side.
    static let spread = 0.02
    /// Brief calls are repeated for so long, so that more than a moment of the machine is seen.
    private static let least = 0.5
    /// Seconds that a sample takes at least: it is the mean of as many calls as that needs.
    private static let sample = 0.001

    /// Seconds in all.
    private let limit: Double
    /// Calls of a sample.
    let calls: Int
    /// Seconds of a call.
    private(set) var samples: [Double] = []
    private(set) var total = 0.0
    /// The number of samples at which they are looked at: each look sorts them all.
    private var look = 1
    private(set) var isOver = false

    /// - Parameter first: seconds of a call that was made before; `nil` if none was.
    init(limit: Double, first: Double?) {
        self.limit = limit
        calls = max(1, Int((Self.sample / max(first ?? 1, 1e-9)).rounded(.up)))
    }

    var runs: Int { samples.count * calls }

    /// - Parameter time: of all calls of a sample.
    mutating func add(_ time: Double) {
        samples.append(time / Double(calls))
        total += time
        if total >= limit {
            isOver = true
        } else if samples.count >= look {
            look = samples.count + samples.count / 8 + 1
            guard total >= min(Self.least, limit), let interval = MedianInterval(samples) else {
                return
            }
            isOver = interval.spread <= Self.spread
        }
    }
}

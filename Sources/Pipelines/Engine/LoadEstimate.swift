/// How long a refused request had better wait, from what jobs took lately.
struct LoadEstimate {
    private static let shortest = Duration.milliseconds(100)
    private static let longest = Duration.seconds(60)

    /// Of the inference thread for one job, in nanoseconds: a mean in which older jobs fade.
    private var service = 1e9

    /// - Parameter nanoseconds: of the inference thread, that a job took.
    mutating func note(_ nanoseconds: Int) { service += (Double(nanoseconds) - service) / 8 }

    /// The time until so many jobs have ended.
    func time(for jobs: Int) -> Duration {
        let estimate = Duration.nanoseconds(min(service * Double(jobs), 1e15))
        return min(max(estimate, Self.shortest), Self.longest)
    }
}

extension Duration {
    /// Whole nanoseconds.
    var nanoseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }

    fileprivate static func nanoseconds(_ count: Double) -> Duration {
        .nanoseconds(Int64(count))
    }
}

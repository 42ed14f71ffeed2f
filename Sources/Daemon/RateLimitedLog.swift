internal import Logging

/// A log that callers cannot fill: one line for each reason in an interval, with the number of
/// those that were left out.
struct RateLimitedLog {
    private struct Lines {
        var last: ContinuousClock.Instant
        var leftOut = 0
    }

    private let logger: Logger
    private let interval: Duration
    private var reasons: [String: Lines] = [:]

    init(_ logger: Logger, interval: Duration = .seconds(10)) {
        self.logger = logger
        self.interval = interval
    }

    /// - Parameter reason: one of a few.
    mutating func warning(
        _ event: String, reason: String, _ message: String,
        now: ContinuousClock.Instant = .now
    ) {
        let before = reasons[reason]
        if let before, now - before.last < interval {
            reasons[reason]?.leftOut += 1
            return
        }
        reasons[reason] = Lines(last: now)
        var metadata: Logger.Metadata = ["reason": "\(message)"]
        if let count = before?.leftOut, count > 0 { metadata["more before"] = "\(count)" }
        logger.warning("\(event)", metadata: metadata)
    }
}

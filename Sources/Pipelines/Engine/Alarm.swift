import Dispatch

/// Does something once, at an instant, unless it is let go of before.
///
/// `@unchecked Sendable`: a dispatch source may be used from any thread, and this one is not
/// changed after it was made.
final class Alarm: @unchecked Sendable {
    private let timer: any DispatchSourceTimer

    /// - Parameter body: called by `queue`; it should return soon.
    init(
        at instant: ContinuousClock.Instant, on queue: DispatchQueue,
        _ body: @escaping @Sendable () -> Void
    ) {
        timer = DispatchSource.makeTimerSource(queue: queue)
        let left = max(ContinuousClock.now.duration(to: instant), .zero)
        // Further away than any program runs, and still a number of nanoseconds.
        let nanoseconds = left < .seconds(1 << 32) ? Int(left / .nanoseconds(1)) : 1 << 62
        timer.schedule(deadline: .now() + .nanoseconds(nanoseconds))
        timer.setEventHandler(handler: body)
        timer.activate()
    }

    deinit { timer.cancel() }
}

import Glibc

/// What the time is, for those who may wait an hour for nothing to happen.
struct SessionClock: Sendable {
    /// Time that has passed since any moment.
    let now: @Sendable () -> Duration
    /// Milliseconds since 1970.
    let unix: @Sendable () -> Int

    static let system: SessionClock = {
        let start = ContinuousClock.now
        return SessionClock(
            now: { start.duration(to: .now) },
            unix: {
                var time = timespec()
                unsafe clock_gettime(CLOCK_REALTIME, &time)
                return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
            })
    }()

    var moment: SessionBook.Moment { SessionBook.Moment(now: now(), unix: unix()) }
}

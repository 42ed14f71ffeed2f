internal import CUV

/// Calls back after a time, once or again and again.
public final class Timer: LoopHandle {
    private var action: () -> Void = {}

    public init(loop: Loop) {
        unsafe super.init(loop: loop, uv_timer_t.self)
        unsafe uv_timer_init(loop.uv, raw(uv_timer_t.self))
        adopt()
    }

    /// Starts, or starts anew. The clock is the loop's, read once a turn.
    public func start(
        after delay: Duration, repeating: Duration = .zero, _ action: @escaping () -> Void
    ) {
        guard !isClosing else { return }
        self.action = action
        unsafe uv_update_time(loop.uv)
        unsafe uv_timer_start(
            raw(uv_timer_t.self),
            { handle in
                (unsafe LoopHandle.from(UnsafeMutableRawPointer(handle)) as? Timer)?.action()
            },
            // The loop's clock is cut to whole milliseconds: with one more, nothing fires early.
            delay == .zero ? 0 : delay.milliseconds + 1, repeating.milliseconds)
    }

    public func stop() {
        guard !isClosing else { return }
        action = {}
        unsafe uv_timer_stop(raw(uv_timer_t.self))
    }

    override func didClose() { action = {} }
}

extension Duration {
    /// Rounded up: none that is to wait becomes one that is not.
    fileprivate var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let part = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return UInt64(clamping: min(seconds, 1 << 40)) * 1000 + UInt64(part)
    }
}

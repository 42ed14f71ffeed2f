internal import CUV

/// Calls back when the process gets a signal. On one loop of a process only.
public final class Signal: LoopHandle {
    private let action: () -> Void

    /// - Parameter number: `SIGTERM`, `SIGINT`, …
    public init(_ number: Int32, loop: Loop, _ action: @escaping () -> Void) {
        self.action = action
        unsafe super.init(loop: loop, uv_signal_t.self)
        unsafe uv_signal_init(loop.uv, raw(uv_signal_t.self))
        adopt()
        let status = unsafe uv_signal_start(
            raw(uv_signal_t.self),
            { handle, _ in
                (unsafe LoopHandle.from(UnsafeMutableRawPointer(handle)) as? Signal)?.action()
            }, number)
        precondition(status == 0, "no signal has the number \(number)")
    }
}

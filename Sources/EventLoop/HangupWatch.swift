internal import CUV
internal import Glibc

/// Notices that the peer of a socket has closed its end, while nobody reads the socket.
///
/// On a duplicate of the descriptor, since libuv polls a descriptor for one handle only.
final class HangupWatch: LoopHandle {
    private let duplicate: Int32
    private let action: () -> Void

    /// - Returns: `nil` if there is no descriptor left; the close is then seen when reading goes
    ///   on.
    init?(loop: Loop, descriptor: Int32, _ action: @escaping () -> Void) {
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        self.duplicate = duplicate
        self.action = action
        unsafe super.init(loop: loop, uv_poll_t.self)
        guard duplicate >= 0 else { return nil }
        let status = unsafe uv_poll_init(loop.uv, raw(uv_poll_t.self), duplicate)
        guard status == 0 else {
            Glibc.close(duplicate)
            return nil
        }
        adopt()
        unsafe uv_poll_start(
            raw(uv_poll_t.self), Int32(UV_DISCONNECT.rawValue),
            { handle, _, _ in
                let watch = unsafe LoopHandle.from(UnsafeMutableRawPointer(handle)) as? HangupWatch
                watch?.action()
            })
    }

    override func didClose() { Glibc.close(duplicate) }
}

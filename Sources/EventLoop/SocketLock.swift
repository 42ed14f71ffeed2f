internal import Glibc

/// The right to serve a path: an exclusive lock on the file `PATH.lock`, until released or the
/// process ends.
///
/// The lock's owner alone may remove a socket that a crash has left behind. The file stays: to
/// remove it would let two processes hold a lock each, on two files of the same name.
struct SocketLock: ~Copyable {
    private let descriptor: Int32

    init(_ path: String) throws(EventLoopError) {
        let name = path + ".lock"
        descriptor = unsafe open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw EventLoopError(errno: errno, "cannot open \(name)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            guard code == EWOULDBLOCK else {
                throw EventLoopError(errno: code, "cannot lock \(name)")
            }
            throw EventLoopError(
                .addressInUse,
                "\(path) is served by another process: stop that, or choose another path")
        }
    }

    deinit { Glibc.close(descriptor) }
}

internal import Glibc

/// What one process hands to another for it to go on listening: two open descriptors.
public struct ListenerDescriptors: Sendable, Equatable {
    /// Listens; both processes take callers from its one queue.
    public var socket: Int32
    /// The file `PATH.lock`. Its lock belongs to the open file, not to a process, and lasts until
    /// the last of its descriptors is closed.
    public var lock: Int32

    public init(socket: Int32, lock: Int32) {
        self.socket = socket
        self.lock = lock
    }

    /// Beside the standard descriptors, even if these are closed.
    init(duplicating socket: Int32, _ lock: Int32) throws(EventLoopError) {
        self.socket = fcntl(socket, F_DUPFD_CLOEXEC, 3)
        guard self.socket >= 0 else {
            throw EventLoopError(errno: errno, "cannot duplicate the socket")
        }
        self.lock = fcntl(lock, F_DUPFD_CLOEXEC, 3)
        guard self.lock >= 0 else {
            let code = errno
            Glibc.close(self.socket)
            throw EventLoopError(errno: code, "cannot duplicate the lock")
        }
    }

    public func close() {
        Glibc.close(socket)
        Glibc.close(lock)
    }
}

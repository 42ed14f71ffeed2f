internal import Glibc

/// What one process hands to another for it to go on listening: open descriptors.
public struct ListenerDescriptors: Sendable, Equatable {
    /// Listens; both processes take callers from its one queue.
    public var socket: Int32
    /// The file `PATH.lock`. Its lock belongs to the open file, not to a process, and lasts until
    /// the last of its descriptors is closed. `nil` if somebody else, a service manager, has bound
    /// the socket: then the path is not ours to lock, nor to remove.
    public var lock: Int32?

    public init(socket: Int32, lock: Int32?) {
        self.socket = socket
        self.lock = lock
    }

    /// A socket that a service manager has bound.
    ///
    /// - Parameter socket: will not be inherited any further.
    /// - Throws: if it is not a Unix socket that listens at a path.
    public init(managed socket: Int32) throws(EventLoopError) {
        self.init(socket: socket, lock: nil)
        _ = try requirePath()
        guard fcntl(socket, F_SETFD, FD_CLOEXEC) == 0 else {
            throw EventLoopError(errno: errno, "cannot keep descriptor \(socket) for this process")
        }
    }

    /// Beside the standard descriptors, even if these are closed.
    init(duplicating socket: Int32, _ lock: Int32?) throws(EventLoopError) {
        self.socket = fcntl(socket, F_DUPFD_CLOEXEC, 3)
        guard self.socket >= 0 else {
            throw EventLoopError(errno: errno, "cannot duplicate the socket")
        }
        guard let lock else { return }
        let copy = fcntl(lock, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else {
            let code = errno
            Glibc.close(self.socket)
            throw EventLoopError(errno: code, "cannot duplicate the lock")
        }
        self.lock = copy
    }

    /// Where the socket listens.
    /// - Throws: if it does not, or at no path.
    public func requirePath() throws(EventLoopError) -> String {
        guard let path = try SocketFile.requireListening(socket) else {
            throw EventLoopError(
                .notASocket,
                "descriptor \(socket) listens at no path: sockets without one are "
                    + "open to all")
        }
        return path
    }

    public func close() {
        Glibc.close(socket)
        if let lock { Glibc.close(lock) }
    }
}

internal import CUV
internal import Glibc

/// Serves a path: a Unix socket that others connect to. Used on the loop's thread alone.
public final class PipeListener: LoopHandle {
    public struct Settings: Sendable {
        /// At a time. Further callers wait in the kernel's queue until one leaves.
        public var maximumConnections = 512
        /// Who may connect; others are cut off without a byte.
        public var admits: @Sendable (Peer) -> Bool = { $0.isOwnerOrRoot }
        public var connection = PipeConnection.Limits()

        public init() {}
    }

    /// What `lstat` says of the socket that we have bound.
    private struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t

        init?(_ path: String) {
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { return nil }
            device = status.st_dev
            inode = status.st_ino
        }
    }

    private let path: String
    private let settings: Settings
    private var lock: SocketLock?
    private var identity: Identity?
    private let onConnection: (PipeConnection, Peer) -> Void
    /// Says why a caller was not taken.
    public var onRefusal: (String) -> Void = { _ in }
    public private(set) var connectionCount = 0
    private var isCallerWaiting = false

    /// Binds and listens.
    ///
    /// The directory is made, for its owner alone, if only it is missing. A socket that a crash
    /// has left is replaced; one that is served is not, nor is any other file.
    /// - Parameter onConnection: gets each caller; it must set the callbacks and call `start`.
    public init(
        path: String, loop: Loop, settings: Settings = Settings(),
        _ onConnection: @escaping (PipeConnection, Peer) -> Void
    ) throws(EventLoopError) {
        let address = try SocketPath(path)
        try PipeListener.makeDirectory(of: path)
        let lock = try SocketLock(path)
        try PipeListener.removeStaleSocket(path)
        let descriptor = try PipeListener.bind(address)
        self.path = path
        self.settings = settings
        self.lock = consume lock
        self.onConnection = onConnection
        identity = Identity(path)
        unsafe super.init(loop: loop, uv_pipe_t.self)
        // libuv gets the bound socket, not the path: it would cut a long one, could not set the
        // mode, and on close would unlink whatever is there by then.
        unsafe uv_pipe_init(loop.uv, raw(uv_pipe_t.self), 0)
        adopt()
        var status = unsafe uv_pipe_open(raw(uv_pipe_t.self), descriptor)
        if status != 0 { Glibc.close(descriptor) }
        if status == 0 {
            status = unsafe uv_listen(raw(uv_stream_t.self), 128) { stream, status in
                let handle = unsafe LoopHandle.from(UnsafeMutableRawPointer(stream))
                (handle as? PipeListener)?.didCall(status)
            }
        }
        guard status == 0 else {
            close()
            throw EventLoopError(uv: status, "cannot listen at \(path)")
        }
    }

    /// Stops listening, and removes the socket at once unless it is another's by now.
    public override func close() {
        guard !isClosing else { return }
        if let identity, identity == Identity(path) { _ = unsafe unlink(path) }
        super.close()
    }

    override func didClose() { lock = nil }

    private func didCall(_ status: Int32) {
        guard status == 0 else {
            return onRefusal(EventLoopError(uv: status, "cannot accept a connection").message)
        }
        guard connectionCount < settings.maximumConnections else {
            // Not accepting parks the caller and pauses the listener.
            isCallerWaiting = true
            return onRefusal("\(connectionCount) connections are open: callers have to wait")
        }
        accept()
    }

    private func accept() {
        let connection = PipeConnection(loop: loop, limits: settings.connection)
        let status = unsafe uv_accept(raw(uv_stream_t.self), connection.stream)
        guard status == 0, let descriptor = connection.descriptor,
            let peer = Peer(descriptor: descriptor)
        else {
            connection.close()
            return onRefusal(EventLoopError(uv: status, "cannot accept a connection").message)
        }
        guard settings.admits(peer) else {
            connection.close()
            return onRefusal("user \(peer.user) (process \(peer.process)) may not connect")
        }
        connectionCount += 1
        connection.onRelease = { [self] in
            connectionCount -= 1
            guard isCallerWaiting, !isClosing else { return }
            isCallerWaiting = false
            accept()
        }
        onConnection(connection, peer)
    }
}

// MARK: - The file

extension PipeListener {
    private static func makeDirectory(of path: String) throws(EventLoopError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        guard unsafe mkdir(directory, 0o700) != 0, errno != EEXIST else { return }
        throw EventLoopError(errno: errno, "cannot make the directory \(directory)")
    }

    /// To be called by the owner of the path's lock.
    private static func removeStaleSocket(_ path: String) throws(EventLoopError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw EventLoopError(errno: errno, "cannot look at \(path)")
            }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw EventLoopError(
                .notASocket, "\(path) is a file, not a socket: remove it, or choose another path")
        }
        guard unsafe unlink(path) == 0 else {
            throw EventLoopError(errno: errno, "cannot remove the stale socket \(path)")
        }
    }

    private static func bind(_ address: SocketPath) throws(EventLoopError) -> Int32 {
        do throws(SystemError) {
            return try unsafe address.socket { descriptor, address, count in
                // The socket file gets its mode from the descriptor's at bind: there is no moment
                // in which others could connect, and the process's umask stays as it is.
                guard fchmod(descriptor, 0o600) == 0 else { return -1 }
                return unsafe Glibc.bind(descriptor, address, count)
            }
        } catch {
            throw EventLoopError(errno: error.code, "cannot bind \(address.path)")
        }
    }
}

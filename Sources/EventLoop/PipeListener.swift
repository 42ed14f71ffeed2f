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

    private let path: String
    private let settings: Settings
    private var lock: SocketLock?
    private var identity: SocketFile?
    private let onConnection: (PipeConnection, Peer) -> Void
    /// Says why a caller was not taken.
    public var onRefusal: (String) -> Void = { _ in }
    public private(set) var connectionCount = 0
    private var isCallerWaiting = false

    private init(
        _ path: String, _ lock: consuming SocketLock, _ loop: Loop, _ settings: Settings,
        _ onConnection: @escaping (PipeConnection, Peer) -> Void
    ) {
        self.path = path
        self.settings = settings
        self.lock = consume lock
        self.onConnection = onConnection
        unsafe super.init(loop: loop, uv_pipe_t.self)
        unsafe uv_pipe_init(loop.uv, raw(uv_pipe_t.self), 0)
        adopt()
    }

    /// Binds and listens.
    ///
    /// The directory is made, for its owner alone, if only it is missing. A socket that a crash
    /// has left is replaced; one that is served is not, nor is any other file.
    /// - Parameter onConnection: gets each caller; it must set the callbacks and call `start`.
    public convenience init(
        path: String, loop: Loop, settings: Settings = Settings(),
        _ onConnection: @escaping (PipeConnection, Peer) -> Void
    ) throws(EventLoopError) {
        let address = try SocketPath(path)
        try SocketFile.makeDirectory(of: path)
        let lock = try SocketLock(path)
        try SocketFile.removeStale(path)
        let descriptor = try SocketFile.bind(address)
        self.init(path, lock, loop, settings, onConnection)
        identity = SocketFile(path)
        try listen(on: descriptor)
    }

    /// Goes on listening at a path that another process serves, which has handed its socket and
    /// its lock to this one. Nothing is bound and nothing is removed; callers that wait are taken.
    ///
    /// - Parameters:
    ///   - descriptors: belong to the listener from here on, even if this throws.
    ///   - path: where they must be bound.
    public convenience init(
        inheriting descriptors: ListenerDescriptors, path: String, loop: Loop,
        settings: Settings = Settings(), _ onConnection: @escaping (PipeConnection, Peer) -> Void
    ) throws(EventLoopError) {
        let identity: SocketFile
        do throws(EventLoopError) {
            try SocketLock.check(descriptors.lock, of: path)
            try SocketFile.check(descriptors.socket, listensAt: path)
            identity = try SocketFile(serving: path)
        } catch {
            descriptors.close()
            throw error
        }
        self.init(path, SocketLock(inheriting: descriptors.lock), loop, settings, onConnection)
        try listen(on: descriptors.socket)
        self.identity = identity  // only now: a failure must not remove what another serves
    }

    /// libuv gets the bound socket, not the path: it would cut a long one, could not set the mode,
    /// and on close would unlink whatever is there by then.
    private func listen(on descriptor: Int32) throws(EventLoopError) {
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
        if let identity, identity == SocketFile(path) { _ = unsafe unlink(path) }
        super.close()
    }

    /// Duplicates of the socket and the lock, for another process to inherit: it holds both while
    /// this one still does, so that no caller is refused and nobody else can take the path.
    ///
    /// - Returns: close-on-exec, and the caller's to close.
    public func duplicateDescriptors() throws(EventLoopError) -> ListenerDescriptors {
        var socket: Int32 = -1
        let status = unsafe uv_fileno(raw(uv_handle_t.self), &socket)
        guard status == 0, let lock = lock?.descriptor else {
            throw EventLoopError(.stopped, "\(path) is not listened at any more")
        }
        return try ListenerDescriptors(duplicating: socket, lock)
    }

    /// Stops listening, and leaves the socket and the lock to the process that has inherited them.
    public func handOver() {
        guard !isClosing else { return }
        // A caller for whom there was no place has been taken from the kernel's queue already.
        if isCallerWaiting {
            isCallerWaiting = false
            accept()
        }
        identity = nil
        close()
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

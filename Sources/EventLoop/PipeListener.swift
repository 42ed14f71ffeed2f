internal import CUV
internal import Glibc

/// Serves a path: a Unix socket that others connect to. Used on the loop's thread alone.
///
/// Callers are taken by `accept` of its own, not libuv's: libuv tries without end while the
/// process has no descriptor left, and gives no say in how many are taken a turn.
public final class PipeListener: LoopHandle {
    public struct Settings: Sendable {
        public var permissions = SocketPermissions()
        /// Who may connect; others are cut off without a byte.
        public var admits: @Sendable (Peer) -> Bool = { $0.isOwnerOrRoot }
        public var connection = PipeConnection.Limits()
        /// One turn of the loop takes so many callers at most, to be fair to the others.
        public var callersPerTurn = 64
        /// Nobody is taken for so long when the system has refused to give a caller to this
        /// process.
        public var pause = Duration.milliseconds(100)

        public init() {}
    }

    /// Why a caller was not taken.
    public enum Refusal: Sendable, Equatable {
        case notAllowed(Peer)
        /// The process, or the system, has no descriptor left.
        case noDescriptors
        case system(String)
    }

    private let path: String
    private let settings: Settings
    private let descriptor: Int32
    private var lock: SocketLock?
    private var identity: SocketFile?
    private let onConnection: (PipeConnection, Peer) -> Void
    public var onRefusal: (Refusal) -> Void = { _ in }
    private var spare = SpareDescriptor()
    private var pauseTimer: Timer?

    /// - Parameter descriptor: belongs to the listener from here on, even if this throws.
    private init(
        _ path: String, _ descriptor: Int32, _ lock: consuming SocketLock?, _ loop: Loop,
        _ settings: Settings, _ onConnection: @escaping (PipeConnection, Peer) -> Void
    ) throws(EventLoopError) {
        self.path = path
        self.descriptor = descriptor
        self.settings = settings
        self.lock = consume lock
        self.onConnection = onConnection
        unsafe super.init(loop: loop, uv_poll_t.self)
        let status = unsafe uv_poll_init(loop.uv, raw(uv_poll_t.self), descriptor)
        guard status == 0 else {
            Glibc.close(descriptor)
            throw EventLoopError(uv: status, "cannot listen at \(path)")
        }
        adopt()
    }

    /// Binds and listens.
    ///
    /// The directory is made if only it is missing. A socket that a crash has left is replaced;
    /// one that is served is not, nor is any other file.
    /// - Parameter onConnection: gets each caller; it must set the callbacks and call `start`.
    public convenience init(
        path: String, loop: Loop, settings: Settings = Settings(),
        _ onConnection: @escaping (PipeConnection, Peer) -> Void
    ) throws(EventLoopError) {
        let address = try SocketPath(path)
        let directory = SocketDirectory(of: path)
        try directory.make(settings.permissions)
        try directory.requireTrusted()
        let lock = try SocketLock(path)
        try SocketFile.removeStale(address)
        let (descriptor, identity) = try SocketFile.bind(address, settings.permissions)
        do throws(EventLoopError) {
            try self.init(path, descriptor, lock, loop, settings, onConnection)
        } catch {
            _ = unsafe unlink(path)
            throw error
        }
        self.identity = identity
        guard Glibc.listen(descriptor, 128) == 0 else {
            let code = errno
            close()
            throw EventLoopError(errno: code, "cannot listen at \(path)")
        }
        takeCallers(true)
    }

    /// Goes on listening at a path that another process serves, which has handed its socket and
    /// its lock to this one; or at one that a service manager has bound. Nothing is bound and
    /// nothing is removed; callers that wait are taken.
    ///
    /// - Parameters:
    ///   - descriptors: belong to the listener from here on, even if this throws.
    ///   - path: where they must be bound.
    public convenience init(
        inheriting descriptors: ListenerDescriptors, path: String, loop: Loop,
        settings: Settings = Settings(), _ onConnection: @escaping (PipeConnection, Peer) -> Void
    ) throws(EventLoopError) {
        var identity: SocketFile?
        do throws(EventLoopError) {
            if let lock = descriptors.lock { try SocketLock.check(lock, of: path) }
            try SocketFile.check(descriptors.socket, listensAt: path)
            if descriptors.lock != nil { identity = try SocketFile(serving: path) }
        } catch {
            descriptors.close()
            throw error
        }
        let lock = descriptors.lock.map { SocketLock(inheriting: $0) }
        try self.init(path, descriptors.socket, lock, loop, settings, onConnection)
        self.identity = identity  // only now: a failure must not remove what another serves
        takeCallers(true)
    }

    /// Stops listening, and removes the socket at once unless it is another's by now.
    public override func close() {
        guard !isClosing else { return }
        if let identity, identity == SocketFile(path) { _ = unsafe unlink(path) }
        pauseTimer?.close()
        super.close()
    }

    override func didClose() {
        Glibc.close(descriptor)
        lock = nil
        spare.close()
    }

    /// Duplicates of the socket and the lock, for another process to inherit: it holds both while
    /// this one still does, so that no caller is refused and nobody else can take the path.
    ///
    /// - Returns: close-on-exec, and the caller's to close.
    public func duplicateDescriptors() throws(EventLoopError) -> ListenerDescriptors {
        guard !isClosing else {
            throw EventLoopError(.stopped, "\(path) is not listened at any more")
        }
        return try ListenerDescriptors(duplicating: descriptor, lock?.descriptor)
    }

    /// Stops listening, and leaves the socket and the lock to the process that has inherited them.
    public func handOver() {
        identity = nil
        close()
    }
}

// MARK: - Callers

extension PipeListener {
    private func takeCallers(_ isWanted: Bool) {
        guard isWanted else {
            unsafe uv_poll_stop(raw(uv_poll_t.self))
            return
        }
        spare.reopen()
        unsafe uv_poll_start(raw(uv_poll_t.self), Int32(UV_READABLE.rawValue)) { handle, _, _ in
            let handle = unsafe LoopHandle.from(UnsafeMutableRawPointer(handle))
            (handle as? PipeListener)?.takeThoseWhoWait()
        }
    }

    private func takeThoseWhoWait() {
        for _ in 0..<settings.callersPerTurn {
            guard !isClosing else { return }
            let caller = accept4(
                descriptor, nil, nil,
                Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue))
            guard caller < 0 else {
                take(caller)
                continue
            }
            switch errno {
            case EAGAIN: return
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE:
                // Said even if nobody waits: the system looks for a descriptor first.
                guard turnOneAway() else { return }
            case let code: refuse(code)
            }
        }
    }

    private func take(_ caller: Int32) {
        guard let peer = Peer(descriptor: caller) else {
            Glibc.close(caller)
            return onRefusal(.system("the system does not say who calls"))
        }
        guard settings.admits(peer) else {
            Glibc.close(caller)
            return onRefusal(.notAllowed(peer))
        }
        do throws(EventLoopError) {
            let connection = try PipeConnection(
                loop: loop, limits: settings.connection, connected: caller)
            onConnection(connection, peer)
        } catch {
            onRefusal(.system(error.message))
        }
    }

    /// There is no descriptor for a caller. One who is cut off can call again; one who is left to
    /// wait would wake this loop again and again.
    ///
    /// - Returns: `false` if there was no such caller, or none can be turned away for a while.
    private func turnOneAway() -> Bool {
        guard let made = spare.give(to: { accept(descriptor, nil, nil) }) else {
            pause()
            return false
        }
        guard made else { return false }
        onRefusal(.noDescriptors)
        return true
    }

    private func refuse(_ code: Int32) {
        onRefusal(.system(EventLoopError(errno: code, "cannot accept a connection").message))
        pause()
    }

    private func pause() {
        takeCallers(false)
        let timer = pauseTimer ?? Timer(loop: loop)
        pauseTimer = timer
        timer.start(after: settings.pause) { [unowned self] in takeCallers(true) }
    }
}

/// A descriptor that is kept so that there is one left for a moment when all others are in use.
private struct SpareDescriptor {
    private var descriptor: Int32 = -1

    mutating func reopen() {
        guard descriptor < 0 else { return }
        descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    /// Gives it up for a descriptor that is made and closed at once.
    ///
    /// - Returns: whether one was made; `nil` if there was none to give up, or there is none again.
    mutating func give(to make: () -> Int32) -> Bool? {
        guard descriptor >= 0 else { return nil }
        close()
        let made = make()
        if made >= 0 { Glibc.close(made) }
        // Another thread may have been faster.
        reopen()
        return descriptor >= 0 ? made >= 0 : nil
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}

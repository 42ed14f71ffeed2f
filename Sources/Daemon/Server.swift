public import EventLoop
public import Pipelines

/// Serves a backend on a Unix socket, on a thread of its own, until it is told to stop.
public final class Server: Sendable {
    public struct Settings: Sendable {
        /// Of the main socket, on which everything can be asked.
        public var path: String
        /// A second socket, on which only stories can.
        public var generateSocket: GenerateSocket?
        /// Who may do what. It also decides the modes of the sockets' files.
        public var access = AccessPolicy.owner
        public var limits = ConnectionLimits()
        /// Of the daemon, for `Admin.Version`.
        public var version: String
        /// How callers are taken, and the limits of each connection.
        public var listener = PipeListener.Settings()
        /// How long running jobs may go on after ``Server/drain()``.
        public var grace = Duration.seconds(30)
        /// A frame that has not arrived whole after so long ends its connection.
        public var partialFrame = Duration.seconds(10)
        /// How long the last answers may take to be written.
        public var flush = Duration.seconds(2)
        /// What the predecessor of this process, or a service manager, has handed over; it must be
        /// bound to ``path``.
        public var inherited: ListenerDescriptors?
        /// How a successor is started; `nil` if none can be.
        public var upgrade: UpgradeSettings?
        /// After an upgrade, a connection that has no call under way is closed when nothing has
        /// happened on it for so long.
        public var idle = Duration.seconds(1)
        /// What is kept of jobs that have ended.
        public var jobs = JobOptions.standard
        /// So long after an upgrade the connections that are left are drained.
        public var retirement = Duration.seconds(600)
        /// Is told that the server lives, what it serves, and that it stops.
        public var manager: ServiceManager?
        /// Whether SIGTERM and SIGINT ``Server/drain()`` and SIGUSR2 ``Server/upgrade(to:progress:)``,
        /// from before the first caller is served. One server of a process may.
        ///
        /// For service managers: after an upgrade the process that serves is another one, with
        /// another id, a child of this one until this one has ended.
        public var handlesSignals = false
        /// Called when the server begins to drain or to stop: what else would be waited for should
        /// end.
        public var onDrain: @Sendable () -> Void = {}

        public init(path: String, version: String) {
            self.path = path
            self.version = version
        }
    }

    /// Where nobody may do more than generate, whoever it is.
    public struct GenerateSocket: Sendable {
        public var path: String
        /// Of the file.
        public var mode: UInt32 = 0o660
        /// As ``Settings/inherited``.
        public var inherited: ListenerDescriptors?

        public init(path: String) { self.path = path }
    }

    private let loop: Loop
    private let core: LoopBound<ServerCore>

    /// Binds and listens, or listens on the inherited socket: when this returns, clients can connect.
    public init(
        _ settings: Settings, backend: any Backend, book: LogBook
    ) throws(EventLoopError) {
        let loop = try Loop()
        do throws(EventLoopError) {
            core = try loop.sync { () throws(EventLoopError) in
                let core = try ServerCore(settings, backend: backend, book: book, loop: loop)
                if settings.handlesSignals {
                    core.drainOnSignals()
                    core.upgradeOnSignal()
                }
                return LoopBound(core, to: loop)
            }
        } catch {
            loop.stopAndWait()  // whoever tries again finds all given back
            throw error
        }
        self.loop = loop
    }

    deinit { stop() }

    /// Stops gracefully: takes no more connections and jobs, and stops when those that run have
    /// ended, or are cancelled after the grace. A second call cancels them at once.
    public func drain() {
        loop.execute { [core] in core.value.drain() }
    }

    /// Cancels all jobs, says so to their clients, and stops.
    public func stop() {
        loop.execute { [core] in core.value.stop() }
    }

    /// Starts a new process, which inherits the listening socket, and leaves new callers to it once
    /// it serves; then this server serves the connections that it has, and stops when none is left.
    /// If the new process does not come to serve, nothing changes.
    ///
    /// No caller is refused, and no request that this server has begun is given up. One that comes
    /// on a connection which this server is just closing is never begun: it can be sent again.
    /// - Parameters:
    ///   - program: an absolute path; `nil` for that of the settings.
    ///   - progress: called on the server's loop; `upgraded` or `failed` is the last call. None
    ///     comes if the server has stopped.
    public func upgrade(
        to program: String? = nil,
        progress: @escaping @Sendable (UpgradeProgress) -> Void = { _ in }
    ) {
        loop.execute { [core] in core.value.upgrade(to: program, progress: progress) }
    }

    /// Says to the service manager that this process serves.
    ///
    /// - Parameter isSuccessor: whether it is an upgrade of the one that the manager has started.
    public func announceReady(isSuccessor: Bool) {
        loop.execute { [core] in core.value.announceReady(isSuccessor: isSuccessor) }
    }

    /// Returns when the server has stopped.
    public func waitUntilStopped() { loop.wait() }
}

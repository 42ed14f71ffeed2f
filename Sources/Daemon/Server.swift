public import EventLoop
public import Logging

/// Serves a backend on a Unix socket, on a thread of its own, until it is told to stop.
public final class Server: Sendable {
    public struct Settings: Sendable {
        public var path: String
        /// Of the daemon, for `Admin.Version`.
        public var version: String
        public var listener = PipeListener.Settings()
        /// How long running jobs may go on after ``Server/drain()``.
        public var grace = Duration.seconds(30)
        /// A frame that has not arrived whole after so long ends its connection.
        public var partialFrame = Duration.seconds(10)
        /// How long the last answers may take to be written.
        public var flush = Duration.seconds(2)

        public init(path: String, version: String) {
            self.path = path
            self.version = version
        }
    }

    private let loop: Loop
    private let core: LoopBound<ServerCore>

    /// Binds and listens: when this returns, clients can connect.
    public init(
        _ settings: Settings, backend: any Backend, logger: Logger
    ) throws(EventLoopError) {
        let loop = try Loop()
        do throws(EventLoopError) {
            core = try loop.sync { () throws(EventLoopError) in
                LoopBound(
                    try ServerCore(settings, backend: backend, logger: logger, loop: loop),
                    to: loop)
            }
        } catch {
            loop.stop()
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

    /// Lets SIGTERM and SIGINT ``drain()``. One server of a process may.
    public func drainOnSignals() {
        loop.execute { [core] in core.value.drainOnSignals() }
    }

    /// Returns when the server has stopped.
    public func waitUntilStopped() { loop.wait() }
}

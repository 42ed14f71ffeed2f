internal import Dispatch
internal import EventLoop
internal import Glibc
internal import Logging
internal import Wire

/// The server on its loop's thread: who is connected, and the way to the end.
final class ServerCore {
    private enum Phase: Int { case serving, draining, stopping }

    let settings: Server.Settings
    let backend: any Backend
    let logger: Logger
    let loop: Loop
    /// Where requests are checked, which may mean to decode their images.
    let admission = DispatchQueue(label: "voken-admission")
    let began = ContinuousClock.now
    private var phase = Phase.serving
    private var listener: PipeListener?
    private var connections: [ObjectIdentifier: ServerSession] = [:]

    init(
        _ settings: Server.Settings, backend: any Backend, logger: Logger, loop: Loop
    ) throws(EventLoopError) {
        self.settings = settings
        self.backend = backend
        self.logger = logger
        self.loop = loop
        let listener = try PipeListener(
            path: settings.path, loop: loop, settings: settings.listener
        ) { [self] connection, peer in
            let session = ServerSession(connection, peer, core: self)
            connections[ObjectIdentifier(session)] = session
            session.start()
        }
        listener.onRefusal = { reason in
            logger.warning("connection refused", metadata: ["reason": "\(reason)"])
        }
        self.listener = listener
        logger.notice("listening", metadata: ["socket": "\(settings.path)"])
    }

    var isServing: Bool { phase == .serving }
    var connectionCount: Int { connections.count }

    func didClose(_ session: ServerSession) {
        connections[ObjectIdentifier(session)] = nil
        endIfDrained()
    }

    func drainOnSignals() {
        for number in [SIGTERM, SIGINT] {
            _ = Signal(number, loop: loop) { [self] in drain() }
        }
    }

    func drain() {
        guard phase == .serving else { return stop() }
        phase = .draining
        logger.notice("draining", metadata: ["connections": "\(connections.count)"])
        // The path goes first: whoever sees an answer to what follows can start a successor.
        closeListener()
        for session in connections.values { session.finishIfIdle() }
        endIfDrained()
        Timer(loop: loop).start(after: settings.grace) { [self] in stop() }
    }

    func stop() {
        guard phase != .stopping else { return }
        phase = .stopping
        closeListener()
        for session in connections.values { session.cancelAll() }
        endIfDrained()
        Timer(loop: loop).start(after: settings.flush) { [loop] in loop.stop() }
    }

    private func closeListener() {
        listener?.close()
        listener = nil  // which holds this object
    }

    private func endIfDrained() {
        guard phase != .serving, connections.isEmpty else { return }
        logger.notice("stopped")
        loop.stop()
    }
}

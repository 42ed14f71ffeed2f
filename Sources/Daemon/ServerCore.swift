internal import Dispatch
internal import EventLoop
internal import Glibc
internal import Logging
internal import Pipelines
internal import Wire

/// The server on its loop's thread: who is connected, and the way to the end.
final class ServerCore {
    /// `retiring`: a successor takes the callers; here those are served who are connected.
    private enum Phase: Int { case serving, retiring, draining, stopping }

    let settings: Server.Settings
    let backend: any Backend
    let book: LogBook
    let logger: Logger
    let loop: Loop
    let counters = Counters()
    let jobs: JobBoard
    let health = News(HealthCheckResponse.ServingStatus.serving)
    /// The generation that serves, and how it came to that.
    let changes: News<GenerationChange>
    /// Where requests are checked, which may mean to decode their images.
    let admission = DispatchQueue(label: "voken-admission")
    let began = ContinuousClock.now
    private var phase = Phase.serving
    private var acceptor: Acceptor?
    private var connections: [ObjectIdentifier: (session: ServerSession, peer: Peer)] = [:]
    private var upgrade: Upgrade?
    private var report: ServiceReport?

    init(
        _ settings: Server.Settings, backend: any Backend, book: LogBook, loop: Loop
    ) throws(EventLoopError) {
        self.settings = settings
        self.backend = backend
        self.book = book
        self.loop = loop
        let logger = book.logger(label: "vokend")
        self.logger = logger
        jobs = JobBoard(settings.jobs, counters)
        changes = News(
            GenerationChange(
                seq: 1, generation: backend.generation, previous: 0, cause: "serving", changes: []))
        jobs.onEnd = { [unowned self] in endIfDrained() }
        let acceptor = Acceptor(settings, logger: logger, loop: loop) { [unowned self] in
            take($0, $1, $2)
        }
        try acceptor.listen()
        self.acceptor = acceptor
        report = settings.manager.map { ServiceReport(to: $0, of: backend, loop: loop) }
        logger.notice("listening", metadata: ["socket": "\(settings.path)"])
        if let path = settings.generateSocket?.path {
            logger.notice("listening", metadata: ["socket": "\(path)", "for": "generating"])
        }
    }

    private func take(_ connection: PipeConnection, _ peer: Peer, _ access: Access) {
        let session = ServerSession(connection, peer, access: access, core: self)
        connections[ObjectIdentifier(session)] = (session, peer)
        session.start()
    }

    /// Whether requests are taken, on the connections that there are.
    var isServing: Bool { phase == .serving || phase == .retiring }
    var isRetiring: Bool { phase == .retiring }
    var isUpgrading: Bool { upgrade != nil }
    var connectionCount: Int { connections.count }
    /// Connections that were taken since the start.
    var takenCount: Int { Int(acceptor?.takenCount ?? 0) }
    /// Connections that the daemon has cut off or refused since the start, by reason.
    var cutOffs: [ReasonCount] {
        let refused = (acceptor?.cutOffCounts ?? [:]).mapValues { Int($0) }
        return counters.cutOffs.merging(refused) { $0 + $1 }.sorted { $0.key < $1.key }
            .map { ReasonCount(reason: $0.key, count: $0.value) }
    }

    /// Tells those who watch that another generation serves.
    func didCommit(
        _ commit: SwapCommit, cause: String, _ changes: [Wire.SwapEvent.Change]
    ) {
        self.changes.tell(
            GenerationChange(
                seq: self.changes.value.seq + 1, generation: commit.generation,
                previous: commit.previous, cause: cause, changes: changes))
    }

    func didClose(_ session: ServerSession) {
        if let (_, peer) = connections.removeValue(forKey: ObjectIdentifier(session)) {
            acceptor?.didLeave(peer)
        }
        endIfDrained()
    }

    func drainOnSignals() {
        for number in [SIGTERM, SIGINT] {
            _ = Signal(number, loop: loop) { [self] in drain() }
        }
    }

    func drain() {
        guard isServing else { return stop() }
        // A process that has been upgraded is not the one that its manager watches.
        if phase == .serving { report?.drains(connections.count) }
        phase = .draining
        health.tell(.notServing)
        logger.notice(
            "draining",
            metadata: ["connections": "\(connections.count)", "jobs": "\(jobs.liveCount)"])
        giveUpTheRest()
        for (session, _) in connections.values { session.finishIfIdle() }
        endIfDrained()
        Timer(loop: loop).start(after: settings.grace) { [self] in stop() }
    }

    func stop() {
        guard phase != .stopping else { return }
        if phase == .serving { report?.drains(connections.count) }
        phase = .stopping
        health.tell(.notServing)
        giveUpTheRest()
        jobs.endAll(RequestError(.shuttingDown, Status.shuttingDown.message))
        for (session, _) in connections.values {
            session.failSwaps(Status.shuttingDown.message)
            session.finish()
        }
        endIfDrained()
        Timer(loop: loop).start(after: settings.flush) { [loop] in loop.stop() }
    }

    /// Nothing but the connections is served any more.
    private func giveUpTheRest() {
        upgrade?.abandon()
        // The path goes first: whoever sees an answer to what follows can start a successor.
        acceptor?.close()
        settings.onDrain()
    }

    private func endIfDrained() {
        // Whoever only watches does not keep it.
        if phase == .draining || phase == .retiring, !jobs.isBusy {
            let status = phase == .retiring ? Status.handedOver : .shuttingDown
            for (session, _) in connections.values { session.endWatching(status) }
        }
        guard phase != .serving, connections.isEmpty, upgrade == nil, !jobs.isBusy else { return }
        logger.notice("stopped")
        loop.stop()
    }

    func announceReady(isSuccessor: Bool) { report?.ready(isSuccessor: isSuccessor) }
}

// MARK: - Upgrading

extension ServerCore {
    func upgradeOnSignal() {
        _ = Signal(SIGUSR2, loop: loop) { [self] in upgrade(to: nil) { _ in } }
    }

    /// - Parameter progress: called on the loop's thread; `upgraded` or `failed` is the last call.
    func upgrade(to program: String?, progress: @escaping (UpgradeProgress) -> Void) {
        let progress = { [logger] (step: UpgradeProgress) in
            logger.log(step)
            progress(step)
        }
        do throws(UpgradeFailure) {
            let upgrade = try prepareUpgrade(to: program)
            self.upgrade = upgrade
            let handler = LoopBound((self, progress), to: loop)
            upgrade.start { [loop] report in
                loop.execute {
                    let (core, progress) = handler.value
                    core.handle(report, progress)
                }
            }
        } catch {
            progress(.failed(error))
        }
    }

    private func prepareUpgrade(to program: String?) throws(UpgradeFailure) -> Upgrade {
        guard phase == .serving, let acceptor, acceptor.isListening else {
            throw UpgradeFailure(
                .check, .shuttingDown,
                isRetiring
                    ? "another process serves already: ask that one"
                    : "the daemon is shutting down")
        }
        guard upgrade == nil else {
            throw UpgradeFailure(
                .check, .busy, "an upgrade is under way: wait until it has ended")
        }
        // The new process serves what it finds written down when it starts.
        guard !backend.isSwapping else {
            throw UpgradeFailure(
                .check, .busy, "a swap is being prepared: wait until it is committed")
        }
        guard let settings = settings.upgrade else {
            throw UpgradeFailure(
                .check, .startFailed, "this server does not know how to start another")
        }
        do throws(EventLoopError) {
            return Upgrade(
                settings, to: program, try acceptor.duplicateDescriptors(), backend: backend)
        } catch {
            throw UpgradeFailure(.check, .startFailed, error.message)
        }
    }

    private func handle(_ report: Upgrade.Report, _ progress: (UpgradeProgress) -> Void) {
        switch report {
        case .phase(let phase, let detail, let microseconds):
            return progress(.phase(phase, detail: detail, microseconds: microseconds))
        case .ready(_, let pid, let version) where phase == .serving:
            upgrade = nil
            retire()
            progress(.upgraded(pid: pid, version: version))
        case .ready(let process, _, _):
            // It was ready in the moment in which this process was told to stop.
            upgrade = nil
            kill(process, SIGTERM)
            progress(
                .failed(UpgradeFailure(.ready, .shuttingDown, "the daemon is shutting down")))
        case .failed(let failure):
            upgrade = nil
            progress(.failed(failure))
        }
        endIfDrained()
    }

    /// Leaves new callers to the successor, and serves those who are connected until they go, are
    /// idle, or the time is over.
    private func retire() {
        phase = .retiring
        logger.notice("retiring", metadata: ["connections": "\(connections.count)"])
        acceptor?.handOver()
        report?.end()
        report = nil
        for (session, _) in connections.values { session.finishIfIdle() }
        Timer(loop: loop).start(after: settings.retirement) { [self] in
            if phase == .retiring { drain() }
        }
    }
}

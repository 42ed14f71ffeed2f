internal import EventLoop
internal import Logging
internal import Pipelines
internal import Wire

/// One connection: its calls, and the jobs that run for them.
final class ServerSession {
    private struct Job {
        /// `nil` until the job is accepted.
        var id: String?
        var seq: UInt64 = 0
        var generation = 0
        var deadline: EventLoop.Timer?
    }

    let core: ServerCore
    private let connection: PipeConnection
    private let peer: Peer
    let access: Access
    private let frameTimer: EventLoop.Timer
    /// How many frames were before the one that is being timed.
    private var framesBefore: Int?
    /// Only while the daemon retires.
    private var idleTimer: EventLoop.Timer?
    var calls = ServerConnection(methods: Services.methods)
    private var jobs: [UInt32: Job] = [:]
    /// Streams of swaps and of upgrades, with the number of their last event.
    var swaps: [UInt32: UInt64] = [:]
    var upgrades: [UInt32: UInt64] = [:]

    init(_ connection: PipeConnection, _ peer: Peer, access: Access, core: ServerCore) {
        self.connection = connection
        self.peer = peer
        self.access = access
        self.core = core
        frameTimer = Timer(loop: core.loop)
    }

    func start() {
        connection.onRead = { [unowned self] bytes in
            calls.receive(bytes)
            while let event = calls.nextEvent() { handle(event) }
            timeFrame()
            settle()
        }
        connection.onClose = { [self] error in didClose(error) }
        connection.start()
        core.logger.debug("connected", metadata: ["process": "\(peer.process)"])
    }

    private func didClose(_ error: EventLoopError?) {
        frameTimer.close()
        idleTimer?.close()
        for stream in jobs.keys { cancelJob(stream) }
        swaps = [:]
        upgrades = [:]
        if let error {
            core.logger.info("connection closed", metadata: ["reason": "\(error.message)"])
        }
        core.didClose(self)
    }

    /// Writes what there is to say, and closes a connection that has no more use.
    func settle() {
        connection.write(calls.drainOutput())
        guard calls.isFinished || !core.isServing && calls.activeStreams.isEmpty else {
            return timeIdleness()
        }
        connection.finish()
    }

    /// While the daemon retires, a connection on which nothing happens is closed. What arrives
    /// from then on is not read, so that its sender can send it to the successor.
    private func timeIdleness() {
        guard core.isRetiring, !connection.isClosing, calls.activeStreams.isEmpty,
            !calls.isInsideFrame
        else {
            idleTimer?.stop()
            return
        }
        let timer = idleTimer ?? Timer(loop: core.loop)
        idleTimer = timer
        timer.start(after: core.settings.idle) { [unowned self] in connection.finish() }
    }

    /// A peer that sends a frame byte by byte must not hold memory and a place for ever.
    private func timeFrame() {
        guard calls.isInsideFrame else {
            framesBefore = nil
            return frameTimer.stop()
        }
        guard framesBefore != calls.framesEnded else { return }
        framesBefore = calls.framesEnded
        frameTimer.start(after: core.settings.partialFrame) { [unowned self] in
            core.logger.info(
                "connection closed",
                metadata: ["reason": "a frame did not arrive in \(core.settings.partialFrame)"])
            connection.close()
        }
    }

    func finishIfIdle() { settle() }
}

// MARK: - Calls

extension ServerSession {
    private func handle(_ event: ServerConnection.Event) {
        switch event {
        case .call(let call): answer(call)
        case .aborted(let stream):
            cancelJob(stream)
            swaps[stream] = nil  // what has begun goes on
            upgrades[stream] = nil
        case .message, .inputEnded: break  // no method streams its input
        }
    }

    private func answer(_ call: Call) {
        let method = Method(call.service, call.method, call.shape)
        // While the daemon drains, one can still ask how it is, and cancel.
        guard core.isServing || !Services.needServing.contains(method) else {
            return calls.fail(call.stream, .shuttingDown)
        }
        guard !core.isRetiring || !Services.needOffice.contains(method) else {
            return calls.fail(call.stream, .handedOver)
        }
        do throws(WireError) {
            switch method {
            case .generate: generate(try GenerateRequest(call.payload), call)
            case .swap: swap(try SwapRequest(call.payload), call)
            case .apply: apply(try ApplyRequest(call.payload), call)
            case .rollback: rollback(try RollbackRequest(call.payload), call)
            case .upgrade: upgrade(try UpgradeRequest(call.payload), call)
            case .cancel:
                let job = try CancelRequest(call.payload).job
                calls.reply(
                    CancelReply(known: core.backend.cancel(job: job)).bytes, to: call.stream)
            case .healthCheck:
                let service = try HealthCheckRequest(call.payload).service
                if let health = Services.health(of: service, isServing: core.isServing) {
                    calls.reply(health.bytes, to: call.stream)
                } else {
                    calls.fail(call.stream, Status(.notFound, "unknown service"))
                }
            default:
                _ = try EmptyRequest(call.payload)
                calls.reply(Services.describe(core, method), to: call.stream)
            }
        } catch {
            calls.fail(
                call.stream,
                Status(.internal, "ttrpc: error unmarshalling payload: \(error.message)"))
        }
    }
}

// MARK: - Jobs

extension ServerSession {
    private func generate(_ request: GenerateRequest, _ call: Call) {
        let stream = call.stream
        guard request.timeout >= 0 else { return calls.fail(stream, .deadlineExceeded) }
        jobs[stream] = Job()
        let session = LoopBound(self, to: core.loop)
        core.admission.async { [loop = core.loop, backend = core.backend] in
            // All comes to the loop through its mailbox: in order, and after this call.
            do throws(RequestError) {
                let id = try backend.generate(try StoryRequest(request)) { event in
                    loop.execute { session.value.deliver(event, stream) }
                }
                let isHandedOver = loop.execute { session.value.didQueue(id, stream) }
                if !isHandedOver { _ = backend.cancel(job: id) }
            } catch {
                loop.execute { session.value.refuse(error, stream) }
            }
        }
        var limits = [call.timeout].compactMap { $0 }
        if request.timeout > 0 { limits.append(.nanoseconds(request.timeout)) }
        guard let limit = limits.min() else { return }
        let deadline = Timer(loop: core.loop)
        jobs[stream]?.deadline = deadline
        deadline.start(after: limit) { [unowned self] in
            end(
                stream, .deadlineExceeded,
                Event.Failed(
                    code: "deadline_exceeded", message: "the story took longer than \(limit)",
                    hint: "allow more time, or ask for fewer scenes or steps"))
            settle()
        }
    }

    /// A job whose client has gone meanwhile is not wanted any more.
    private func didQueue(_ id: String, _ stream: UInt32) {
        if jobs[stream] == nil { _ = core.backend.cancel(job: id) }
    }

    private func refuse(_ error: RequestError, _ stream: UInt32) {
        removeJob(stream)
        calls.fail(stream, Status(error))
        settle()
    }

    private func deliver(_ event: StoryEvent, _ stream: UInt32) {
        // Events of a job that was given up may still be on their way.
        guard jobs[stream] != nil else { return }
        switch event {
        case .accepted(let id, _):
            jobs[stream]?.id = id
            send(event, stream)
        case .started(let generation, _):
            jobs[stream]?.generation = generation
            send(event, stream)
        case .failed(let error):
            end(stream, Status(error), Event.Failed(error))
        case .finished:
            send(event, stream)
            calls.finish(stream)
            removeJob(stream)
        default:
            send(event, stream)
        }
        settle()
    }

    private func send(_ event: StoryEvent, _ stream: UInt32) {
        for kind in Event.Kind.kinds(event) { send(kind, stream) }
    }

    private func send(_ kind: Event.Kind, _ stream: UInt32) {
        guard var job = jobs[stream] else { return }
        job.seq += 1
        jobs[stream] = job
        // Progress can be left out; the number that is missing says so.
        if case .step = kind, connection.isBackedUp { return }
        let event = Event(
            seq: job.seq, job: job.id ?? "", generation: job.generation, kind: kind)
        guard !calls.send(event.bytes, on: stream) else { return }
        cancelJob(stream)
    }

    /// Ends a job's stream by a last event and a status.
    private func end(_ stream: UInt32, _ status: Status, _ failure: Event.Failed) {
        send(.failed(failure), stream)
        calls.fail(stream, status)
        cancelJob(stream)
    }

    private func cancelJob(_ stream: UInt32) {
        guard let id = removeJob(stream)?.id else { return }
        _ = core.backend.cancel(job: id)
    }

    @discardableResult
    private func removeJob(_ stream: UInt32) -> Job? {
        let job = jobs.removeValue(forKey: stream)
        job?.deadline?.close()
        return job
    }

    /// Ends all jobs because the server stops, and closes.
    func cancelAll() {
        let error = RequestError(.shuttingDown, Status.shuttingDown.message)
        for stream in jobs.keys.sorted() {
            end(stream, Status(error), Event.Failed(error))
        }
        failSwaps(error.message)
        connection.write(calls.drainOutput())
        connection.finish()
    }
}

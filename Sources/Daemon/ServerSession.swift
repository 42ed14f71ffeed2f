internal import EventLoop
internal import Logging
internal import Pipelines
internal import Wire

/// One connection: its calls, and what they wait for.
final class ServerSession {
    let core: ServerCore
    let peer: Peer
    let access: Access
    private let connection: PipeConnection
    private let frameTimer: EventLoop.Timer
    /// How many frames were before the one that is being timed.
    private var framesBefore: Int?
    /// Only while the daemon retires.
    private var idleTimer: EventLoop.Timer?
    var calls = ServerConnection(methods: Services.methods)
    /// The calls under way.
    private var open: [UInt32: OpenCall] = [:]
    var swaps: [UInt32: SwapCall] = [:]
    /// Streams of upgrades, with the number of their last event.
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
        connection.onDrain = { [unowned self] in
            while pump() {}
            settle()
        }
        connection.onClose = { [self] error in didClose(error) }
        connection.start()
        core.logger.debug("connected", metadata: ["process": "\(peer.process)"])
    }

    /// Whose jobs and sessions the caller may see; `nil` for all.
    var scope: UInt32? { access >= .administer ? nil : peer.user }

    private func didClose(_ error: EventLoopError?) {
        frameTimer.close()
        idleTimer?.close()
        for stream in open.keys.sorted() { abandon(stream) }
        if calls.isFinished { core.counters.count(.protocolError) }
        if let error {
            core.counters.count(error.code == .writeStalled ? .writeStalled : .other)
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
            core.counters.count(.partialFrame)
            core.logger.info(
                "connection closed",
                metadata: ["reason": "a frame did not arrive in \(core.settings.partialFrame)"])
            connection.close()
        }
    }

    func finishIfIdle() { settle() }

    /// Ends the streams that would keep a daemon that is done from its end.
    func endWatching(_ status: Status) {
        for (stream, call) in open where call.feed?.isEndless == true { fail(stream, status) }
        settle()
    }

    /// Says what there is to say to all calls, and closes: the server stops.
    func finish() {
        while pump() {}
        for stream in open.keys.sorted() { fail(stream, .shuttingDown) }
        connection.write(calls.drainOutput())
        connection.finish()
    }
}

// MARK: - Calls

/// A call that has not been answered.
private struct OpenCall {
    let method: Wire.Method
    var deadline: EventLoop.Timer?
    var feed: (any Feed)?
    /// What its input goes to, for a method that streams it.
    var input: (any CallInput)?
    /// Called if the caller gives it up.
    var whenAbandoned: () -> Void = {}
}

/// Takes the messages of a call that streams its input.
protocol CallInput: AnyObject {
    func receive(_ message: [UInt8])
    /// No more will come.
    func end()
}

extension ServerSession {
    private func handle(_ event: ServerConnection.Event) {
        switch event {
        case .call(let call): begin(call)
        case .message(let stream, let message): open[stream]?.input?.receive(message)
        case .inputEnded(let stream): open[stream]?.input?.end()
        case .aborted(let stream): abandon(stream)
        }
    }

    private func begin(_ call: Call) {
        let method = Method(call.service, call.method, call.shape)
        core.counters.countCall(method)
        open[call.stream] = OpenCall(method: method)
        do throws(Status) {
            try admit(method)
            do throws(WireError) {
                try answer(method, call)
            } catch {
                throw badMessage(error, count: call.payload.count)
            }
        } catch {
            fail(call.stream, error)
        }
        guard let limit = call.timeout, let record = open[call.stream], record.deadline == nil
        else { return }
        time(call.stream, limit) { [unowned self] in fail(call.stream, .deadlineExceeded) }
    }

    /// What is answered to a message of so many bytes that is not one of its type.
    func badMessage(_ error: WireError, count: Int) -> Status {
        calls.countViolation(of: count)
        return Status(
            .internal, "ttrpc: error unmarshalling payload: \(error.message)",
            reason: "bad_message")
    }

    private func admit(_ method: Wire.Method) throws(Status) {
        let rule = Services.rules[method] ?? .operating
        guard access >= rule.access else {
            throw Status(
                .permissionDenied,
                "user \(peer.user) may not call \(method.name) on this socket: see swap.uids of "
                    + "the pipeline file", reason: "peer")
        }
        // While the daemon drains, one can still ask how it is, and cancel.
        guard core.isServing || !rule.needsServing else { throw .shuttingDown }
        guard !core.isRetiring || !rule.needsOffice else { throw .handedOver }
    }

    private func answer(_ method: Wire.Method, _ call: Call) throws(WireError) {
        switch method.service {
        case Method.generate.service: try answerGeneration(method, call)
        case Method.sendTurn.service: try answerSessions(method, call)
        case Method.swap.service: try answerPipeline(method, call)
        case Method.status.service: try answerAdmin(method, call)
        case Method.healthCheck.service: try answerHealth(method, call)
        default: answerReflection(call.stream)
        }
    }
}

// MARK: - Answers

extension ServerSession {
    /// Whether a call waits for its answer still.
    func isOpen(_ stream: UInt32) -> Bool { open[stream] != nil }

    func reply(_ message: [UInt8], to stream: UInt32) {
        close(stream)
        calls.reply(message, to: stream)
    }

    /// Ends a call with an error; what it has begun is given up as its caller would.
    func fail(_ stream: UInt32, _ status: Status) {
        if let method = open[stream]?.method { core.counters.countFailure(of: method) }
        abandon(stream)
        calls.fail(stream, status)
    }

    /// Sends one message of a stream that has no feed.
    func send(_ message: [UInt8], on stream: UInt32) {
        guard isOpen(stream), !calls.send(message, on: stream) else { return }
        abandon(stream)
    }

    /// Ends a stream that has no feed.
    func finish(_ stream: UInt32) {
        close(stream)
        calls.finish(stream)
    }

    /// Ends a call by `late` if it is still open after a time.
    func time(_ stream: UInt32, _ limit: Duration, _ late: @escaping () -> Void) {
        let deadline = Timer(loop: core.loop)
        open[stream]?.deadline = deadline
        deadline.start(after: limit) { [unowned self] in
            late()
            settle()
        }
    }

    /// - Parameter body: called if the caller gives the call up.
    func whenAbandoned(_ stream: UInt32, _ body: @escaping () -> Void) {
        open[stream]?.whenAbandoned = body
    }

    func take(inputOf stream: UInt32, _ input: any CallInput) { open[stream]?.input = input }

    /// Streams a feed to the caller.
    func stream(_ feed: any Feed, to stream: UInt32) {
        guard open[stream] != nil else { return feed.close() }
        open[stream]?.feed = feed
        feed.onNews = { [unowned self] in
            while pump(stream) {}
            settle()
        }
        while pump(stream) {}
    }

    private func abandon(_ stream: UInt32) { close(stream)?.whenAbandoned() }

    @discardableResult
    private func close(_ stream: UInt32) -> OpenCall? {
        guard let call = open.removeValue(forKey: stream) else { return nil }
        call.deadline?.close()
        call.feed?.onNews = {}
        call.feed?.close()
        return call
    }

    /// Sends one message of each feed in turn, as long as the caller reads.
    /// - Returns: whether there may be more.
    private func pump() -> Bool {
        var isMore = false
        for stream in open.keys.sorted() where pump(stream) { isMore = true }
        return isMore
    }

    private func pump(_ stream: UInt32) -> Bool {
        guard !connection.isBackedUp, let item = open[stream]?.feed?.next() else { return false }
        switch item {
        case .message(let bytes):
            if !calls.send(bytes, on: stream) { abandon(stream) }
        case .end:
            close(stream)
            calls.finish(stream)
        case .fail(let status):
            if let method = open[stream]?.method { core.counters.countFailure(of: method) }
            close(stream)
            calls.fail(stream, status)
        }
        connection.write(calls.drainOutput())
        return true
    }
}

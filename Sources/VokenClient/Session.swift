internal import EventLoop
internal import Wire

/// The calls of a client, over one connection after the other, on the loop's thread.
///
/// A call is sent once more, over a new connection, if the daemon has not begun it: if the
/// connection was closed, or the call refused as UNAVAILABLE, before anything of an answer came. A
/// stream that can be taken up again is.
final class Session {
    private let path: String
    private let loop: Loop
    /// How long to try again while the daemon has too many callers.
    private let patience: Duration
    /// Where new calls go. An older one lives until its calls are over.
    private var current: Connection?
    private var calls: [UInt64: PendingCall] = [:]
    /// Calls that wait for a connection, and until when.
    private var waiting: [PendingCall] = []
    private var deadline = ContinuousClock.now
    private var timer: Timer?

    init(path: String, loop: Loop, patience: Duration) throws(EventLoopError) {
        self.path = path
        self.loop = loop
        self.patience = patience
        current = try connect()
    }

    /// Sends a request; what comes back goes to `queue`.
    ///
    /// - Parameter number: of no other call.
    func open(
        _ number: UInt64, _ method: Method, _ request: [UInt8], timeout: Int64,
        _ queue: AnswerQueue, resume: Resumption?
    ) throws(ClientError) {
        let call = PendingCall(number, method, request, timeout: timeout, queue, resume: resume)
        calls[call.number] = call
        do throws(ClientError) {
            try send(call)
        } catch {
            calls[call.number] = nil
            throw error
        }
    }

    /// Sends one message of a call that streams its input.
    ///
    /// - Parameter whenWritable: called once there is room for the next, or the call is over.
    /// - Returns: `false` if the call is over.
    func send(
        _ message: [UInt8], on number: UInt64, whenWritable: @escaping () -> Void
    ) throws(ClientError) -> Bool {
        guard let (connection, stream) = calls[number]?.place else {
            whenWritable()
            return false
        }
        do throws(WireError) {
            try connection.send(message, on: stream, whenWritable: whenWritable)
        } catch {
            throw ClientError(error)
        }
        return true
    }

    func closeInput(of number: UInt64) {
        guard let (connection, stream) = calls[number]?.place else { return }
        connection.closeInput(of: stream)
    }

    /// Gives up a call; the daemon stops working on it.
    func cancel(_ number: UInt64, _ error: ClientError) {
        guard let call = calls[number] else { return }
        waiting.removeAll { $0 === call }
        call.place?.connection.cancel(call.place?.stream ?? 0)
        end(call, .failed(error))
    }

    private func end(_ call: PendingCall, _ answer: Answer) {
        calls[call.number] = nil
        _ = call.queue.put(answer)
    }
}

// MARK: - What comes back

extension Session {
    private func handle(
        _ event: ClientConnection.Event, of call: PendingCall, on connection: Connection
    ) {
        switch event {
        case .message(_, let bytes):
            call.didAnswer(bytes)
            guard !call.queue.put(.message(bytes)) else { break }
            cancel(
                call.number,
                ClientError(.busy, "over \(AnswerQueue.limit) bytes of the answer are unread"))
        case .ended: end(call, .ended)
        case .reply(_, let bytes): end(call, .reply(bytes))
        case .failed(_, let status):
            let error = ClientError(status)
            let refusal = connection.isOpen ? error : nil
            if status.code == .unavailable,
                call.mayRepeat(after: refusal, hasFailed: connection.hasFailed)
            {
                sendAgain(call)
            } else {
                end(call, .failed(error))
            }
        }
        if connection !== current, connection.isIdle { connection.close() }
    }

    private func sendAgain(_ call: PendingCall) {
        do throws(ClientError) {
            try send(call)
        } catch {
            end(call, .failed(call.refusal ?? error))
        }
    }
}

// MARK: - Connections

extension Session {
    private func connect() throws(EventLoopError) -> Connection {
        // The client may be released while its connections are being closed.
        try Connection(path: path, loop: loop) { [weak self] connection, call, event in
            self?.handle(event, of: call, on: connection)
        }
    }

    /// Sends a call over a connection that has not refused it, which is made if need be; or lets
    /// the call wait for one.
    private func send(_ call: PendingCall) throws(ClientError) {
        let connection: Connection
        if let current, current.isOpen, current !== call.place?.connection {
            connection = current
        } else {
            do throws(EventLoopError) {
                connection = try connect()
            } catch {
                guard call.waits(after: error) else { throw ClientError(error) }
                return wait(call)
            }
        }
        do throws(WireError) {
            try connection.open(call)
        } catch {
            if connection !== current { connection.close() }
            throw ClientError(error)
        }
        current = connection
    }

    private func wait(_ call: PendingCall) {
        waiting.append(call)
        guard waiting.count == 1 else { return }
        deadline = .now + patience
        tryLater(.milliseconds(10))
    }

    private func tryLater(_ pause: Duration) {
        let timer = timer ?? Timer(loop: loop)
        self.timer = timer
        timer.start(after: pause) { [weak self] in self?.sendWaiting(pause) }
    }

    private func sendWaiting(_ pause: Duration) {
        do throws(EventLoopError) {
            current = try connect()
        } catch {
            let isPatient = .now < deadline
            let calls = waiting
            waiting = calls.filter { isPatient && $0.waits(after: error) }
            for call in calls where !(isPatient && call.waits(after: error)) {
                end(call, .failed(call.refusal ?? ClientError(error)))
            }
            if !waiting.isEmpty { tryLater(min(pause * 1.6, .seconds(2))) }
            return
        }
        let calls = waiting
        waiting = []
        for call in calls { sendAgain(call) }
    }
}

extension PendingCall {
    /// Whether a connection that could not be made is to be tried again: a busy daemon gets free,
    /// and one that is started anew is not there for a moment.
    fileprivate func waits(after error: EventLoopError) -> Bool {
        error.code == .busy || error.code == .noListener && isResumed
    }
}

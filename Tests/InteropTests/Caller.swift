import Dispatch
import EventLoop
import Synchronization
import Wire

/// Makes calls of all shapes over one connection, from any thread; whoever waits blocks.
final class Caller: Sendable {
    private let loop: Loop
    private let session: LoopBound<CallerSession>

    init(path: String) throws {
        let loop = try Loop()
        self.loop = loop
        session = try loop.sync { () throws(EventLoopError) in
            LoopBound(try CallerSession(path: path, loop: loop), to: loop)
        }
    }

    deinit { loop.stopAndWait() }

    /// - Parameter timeout: goes to the server, and ends the call here too.
    func open(
        _ method: Wire.Method, _ request: [UInt8] = [], timeout: Duration? = nil,
        metadata: [Metadata] = []
    ) throws -> OpenCall {
        let queue = EventQueue()
        let opened = Mutex(Result<UInt32, WireError>.success(0))
        try loop.sync { [session] () throws(EventLoopError) in
            opened.withLock { opened in
                do throws(WireError) {
                    opened = .success(
                        try session.value.open(method, request, timeout, metadata, queue))
                } catch {
                    opened = .failure(error)
                }
            }
        }
        let stream = try opened.withLock { $0 }.get()
        return OpenCall(stream, queue, loop, session)
    }

    /// Makes a call that has one request and one answer.
    func call<Reply: TestMessage>(
        _ method: Wire.Method, _ request: some TestMessage, timeout: Duration? = nil,
        metadata: [Metadata] = []
    ) throws -> Reply {
        try open(method, request.bytes, timeout: timeout, metadata: metadata).reply()
    }

    /// Closes the connection, whatever runs on it.
    func disconnect() { loop.execute { [session] in session.value.close() } }
}

/// A call that was begun.
final class OpenCall: Sendable {
    private let stream: UInt32
    private let queue: EventQueue
    private let loop: Loop
    private let session: LoopBound<CallerSession>

    fileprivate init(
        _ stream: UInt32, _ queue: EventQueue, _ loop: Loop, _ session: LoopBound<CallerSession>
    ) {
        self.stream = stream
        self.queue = queue
        self.loop = loop
        self.session = session
    }

    func send(_ message: some TestMessage) {
        let bytes = message.bytes
        loop.execute { [session, stream] in session.value.send(bytes, on: stream) }
    }

    func closeInput() { loop.execute { [session, stream] in session.value.closeInput(of: stream) } }

    /// Gives the call up. What comes next is CANCELLED, unless more has come before.
    func cancel() {
        loop.execute { [session, stream] in
            session.value.abandon(stream, Status(.cancelled, "given up"))
        }
    }

    /// The next message, or `nil` at the end.
    ///
    /// - Throws: the status that the call has failed with.
    func next<Message: TestMessage>(_ type: Message.Type = Message.self) throws -> Message? {
        switch try queue.take() {
        case .message(_, let bytes): return try Message(bytes)
        case .ended: return nil
        case .failed(_, let status): throw status
        case .reply: throw WireError(.malformed, "one answer, where messages are expected")
        }
    }

    /// The one answer.
    func reply<Reply: TestMessage>(_ type: Reply.Type = Reply.self) throws -> Reply {
        switch try queue.take() {
        case .reply(_, let bytes): return try Reply(bytes)
        case .failed(_, let status): throw status
        case .message, .ended: throw WireError(.malformed, "messages, where one is expected")
        }
    }
}

/// What comes back on one call.
private final class EventQueue: Sendable {
    private let events = Mutex<[ClientConnection.Event]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    func put(_ event: ClientConnection.Event) {
        events.withLock { $0.append(event) }
        arrivals.signal()
    }

    func take() throws -> ClientConnection.Event {
        guard arrivals.wait(timeout: .now() + 60) == .success else {
            throw WireError(.malformed, "nothing comes for a minute")
        }
        return events.withLock { $0.removeFirst() }
    }
}

/// The connection of a ``Caller``, on the loop's thread.
private final class CallerSession {
    private let pipe: PipeConnection
    private let loop: Loop
    private var calls = ClientConnection()
    private var queues: [UInt32: EventQueue] = [:]
    private var timers: [UInt32: Timer] = [:]

    init(path: String, loop: Loop) throws(EventLoopError) {
        self.loop = loop
        var limits = PipeConnection.Limits()
        limits.readsWhenBackedUp = true
        pipe = try PipeConnection.connect(to: path, loop: loop, limits: limits)
        pipe.onRead = { [unowned self] bytes in
            calls.receive(bytes)
            settle()
        }
        pipe.onClose = { [self] _ in
            calls.disconnected(Status(.unavailable, "the connection is closed"))
            settle()
        }
        pipe.start()
    }

    func open(
        _ method: Wire.Method, _ request: [UInt8], _ timeout: Duration?, _ metadata: [Metadata],
        _ queue: EventQueue
    ) throws(WireError) -> UInt32 {
        let nanoseconds = timeout.map { Int64($0 / .nanoseconds(1)) } ?? 0
        let stream = try calls.open(method, request, timeout: nanoseconds, metadata: metadata)
        queues[stream] = queue
        if let timeout {
            let timer = Timer(loop: loop)
            timers[stream] = timer
            timer.start(after: timeout) { [unowned self] in
                abandon(stream, Status(.deadlineExceeded, "no answer in \(timeout)"))
            }
        }
        settle()
        return stream
    }

    func send(_ message: [UInt8], on stream: UInt32) {
        do throws(WireError) {
            try calls.send(message, on: stream)
        } catch {
            abandon(stream, Status(.resourceExhausted, error.message))
        }
        settle()
    }

    func closeInput(of stream: UInt32) {
        calls.closeInput(of: stream)
        settle()
    }

    func abandon(_ stream: UInt32, _ status: Status) {
        calls.cancel(stream)
        end(stream, .failed(stream: stream, status))
        settle()
    }

    func close() { pipe.close() }

    private func settle() {
        while let event = calls.nextEvent() {
            switch event {
            case .message(let stream, _): queues[stream]?.put(event)
            case .ended(let stream), .reply(let stream, _), .failed(let stream, _):
                end(stream, event)
            }
        }
        pipe.write(calls.drainOutput())
        if calls.isFinished { pipe.close() }
    }

    private func end(_ stream: UInt32, _ event: ClientConnection.Event) {
        timers.removeValue(forKey: stream)?.close()
        queues.removeValue(forKey: stream)?.put(event)
    }
}

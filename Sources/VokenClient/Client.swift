internal import Dispatch
internal import EventLoop
internal import Glibc
internal import Synchronization
public import Wire

/// A daemon's services. Any thread or task may call, several at a time, over one connection.
///
/// ```swift
/// let client = try Client.connect(path: "/run/user/1000/voken/voken.sock")
/// let story = try client.generate(GenerateRequest(prompt: "Mia found a ball.", scenes: 4))
/// while let event = try story.next() {  // or: for try await event in story
///     switch event.kind {
///     case .text(let text): print(text, terminator: "")
///     case .imageDone(let image): try save(image.png)
///     default: break
///     }
/// }
/// ```
///
/// All methods but the asynchronous iteration of an ``EventStream`` block. The connection and its
/// thread are gone when the client and its streams are.
///
/// A daemon that is upgraded or started anew closes its connections. The next call then connects
/// again. A call on its way at that moment, or refused as UNAVAILABLE, is sent once more over a new
/// connection if nothing of an answer has come: a daemon that closes a connection by its own will
/// does not begin what it has not read. If it has crashed, the call may have been begun before. What
/// ``watch(job:fromSeq:)`` gives goes on over the new connection.
public final class Client: Sendable {
    private let loop: Loop
    private let session: LoopBound<Session>
    /// Of the last call.
    private let lastNumber = Atomic<UInt64>(0)

    private init(loop: Loop, session: LoopBound<Session>) {
        self.loop = loop
        self.session = session
    }

    deinit { loop.stop() }

    /// Connects to the daemon at `path`.
    ///
    /// - Parameter timeout: how long to try again while the daemon has too many callers; also
    ///   when it is to be connected to again.
    /// - Throws: ``ClientError/Code/noDaemon``, at once, if nobody listens.
    public static func connect(
        path: String, timeout: Duration = .seconds(5)
    ) throws(ClientError) -> Client {
        let deadline = ContinuousClock.now + timeout
        var pause = Duration.milliseconds(10)
        do throws(EventLoopError) {
            let loop = try Loop()
            while true {
                do throws(EventLoopError) {
                    let session = try loop.sync { () throws(EventLoopError) in
                        LoopBound(
                            try Session(path: path, loop: loop, patience: timeout), to: loop)
                    }
                    return Client(loop: loop, session: session)
                } catch {
                    guard error.code == .busy, ContinuousClock.now + pause < deadline else {
                        loop.stop()
                        throw error
                    }
                }
                usleep(UInt32(pause / .microseconds(1)))
                pause = min(pause * 1.6, .seconds(2))
            }
        } catch {
            throw ClientError(error)
        }
    }

    // MARK: Stories

    /// Begins a story.
    ///
    /// - Throws: ``ClientError/Code/tooLarge`` if the request with its images is over 4 MiB. What
    ///   the daemon has against it is thrown by the story.
    public func generate(_ request: GenerateRequest) throws(ClientError) -> Story {
        let images = ImageParts()
        return try follow(.generate, request.bytes, timeout: request.timeout, "story") {
            event throws(ClientError) in try images.joined(event)
        }
    }

    // MARK: The daemon

    public func status() throws(ClientError) -> StatusReply { try call(.status) }

    public func version() throws(ClientError) -> VersionReply { try call(.version) }

    // MARK: Calls

    /// Makes a unary call and waits for its answer.
    func call<Reply: Message>(
        _ method: Wire.Method, _ request: [UInt8] = [], within timeout: Duration = .seconds(10)
    ) throws(ClientError) -> Reply {
        let queue = AnswerQueue()
        let number = nextNumber()
        // Nobody waits for the loop, but for the answer: which may be why the call was not made.
        let isPosted = loop.execute { [session] in
            do throws(ClientError) {
                try session.value.open(
                    number, method, request, timeout: Int64(timeout / .nanoseconds(1)), queue,
                    resume: nil)
            } catch {
                _ = queue.put(.failed(error))
            }
        }
        precondition(isPosted, "the loop runs as long as the client lives")
        return try reply(to: number, method, queue, within: timeout)
    }

    /// Makes a call that sends messages and is answered once. The next message is asked for when
    /// there is room for it.
    func upload<Reply: Message>(
        _ method: Wire.Method, _ messages: some Sequence<[UInt8]>
    ) throws(ClientError) -> Reply {
        let queue = AnswerQueue()
        let number = try open(method, [], timeout: 0, queue)
        do throws(ClientError) {
            for message in messages {
                guard try send(message, on: number) else { break }  // it has been answered
            }
            try onLoop { session throws(ClientError) in session.closeInput(of: number) }
        } catch {
            abandon(number, error)
            throw error
        }
        return try reply(to: number, method, queue, within: .seconds(60))
    }

    /// - Returns: `false` if the call is over.
    private func send(_ message: [UInt8], on number: UInt64) throws(ClientError) -> Bool {
        let room = DispatchSemaphore(value: 0)
        let isOpen = try onLoop { session throws(ClientError) in
            try session.send(message, on: number) { room.signal() }
        }
        room.wait()
        return isOpen
    }

    /// Makes a call that is answered by a stream of events.
    ///
    /// - Parameters:
    ///   - name: what the events are of, for errors.
    ///   - joined: what the user sees of an event.
    ///   - resume: how the stream is taken up again when the connection is lost; `nil` if it cannot
    ///     be.
    func follow<Element: StreamEvent>(
        _ method: Wire.Method, _ request: [UInt8], timeout: Int64 = 0, _ name: String,
        joined: @escaping @Sendable (Element) throws(ClientError) -> Element? = { $0 },
        resume: Resumption? = nil
    ) throws(ClientError) -> EventStream<Element> {
        let queue = AnswerQueue()
        let number = try open(method, request, timeout: timeout, queue, resume: resume)
        return EventStream(of: name, queue, joined: joined) { error in
            self.abandon(number, error)
        }
    }

    private func reply<Reply: Message>(
        to number: UInt64, _ method: Wire.Method, _ queue: AnswerQueue, within timeout: Duration
    ) throws(ClientError) -> Reply {
        switch queue.take(within: timeout) {
        case .reply(let bytes):
            do throws(WireError) {
                return try Reply(bytes)
            } catch {
                throw ClientError(error)
            }
        case .failed(let error): throw error
        case .message, .ended:
            throw ClientError(.malformed, "the daemon streams where one answer is expected")
        case nil:
            let error = ClientError(
                .timedOut, "no answer to \(method.service)/\(method.name) in \(timeout)")
            abandon(number, error)
            throw error
        }
    }

    /// - Returns: the call's number.
    private func open(
        _ method: Wire.Method, _ request: [UInt8], timeout: Int64, _ queue: AnswerQueue,
        resume: Resumption? = nil
    ) throws(ClientError) -> UInt64 {
        let number = nextNumber()
        try onLoop { session throws(ClientError) in
            try session.open(number, method, request, timeout: timeout, queue, resume: resume)
        }
        return number
    }

    private func nextNumber() -> UInt64 {
        lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
    }

    private func onLoop<Value: Sendable>(
        _ work: @escaping @Sendable (Session) throws(ClientError) -> Value
    ) throws(ClientError) -> Value {
        let result: Result<Value, ClientError>
        do throws(EventLoopError) {
            result = try loop.sync { [session] in
                do throws(ClientError) {
                    return .success(try work(session.value))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw ClientError(error)
        }
        return try result.get()
    }

    private func abandon(_ number: UInt64, _ error: ClientError) {
        loop.execute { [session] in session.value.cancel(number, error) }
    }
}

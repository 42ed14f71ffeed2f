internal import EventLoop
internal import Glibc
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
/// does not begin what it has not read. If it has crashed, the call may have been begun before.
public final class Client: Sendable {
    private let loop: Loop
    private let session: LoopBound<Session>

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

    /// Stops a job, whoever has begun it.
    ///
    /// - Returns: whether it was queued or running.
    public func cancel(job: String) throws(ClientError) -> Bool {
        let reply: CancelReply = try call(.cancel, CancelRequest(job: job).bytes)
        return reply.known
    }

    // MARK: The daemon

    public func stages() throws(ClientError) -> ListStagesReply { try call(.listStages) }

    public func status() throws(ClientError) -> StatusReply { try call(.status) }

    public func version() throws(ClientError) -> VersionReply { try call(.version) }

    /// Whether the daemon takes requests.
    ///
    /// - Parameter service: fully qualified; empty for the whole daemon.
    public func isServing(_ service: String = "") throws(ClientError) -> Bool {
        let reply: HealthCheckResponse = try call(
            .healthCheck, HealthCheckRequest(service: service).bytes)
        return reply.status == .serving
    }

    // MARK: Calls

    /// Makes a unary call and waits for its answer, ten seconds at most.
    func call<Reply: Message>(
        _ method: Wire.Method, _ request: [UInt8] = []
    ) throws(ClientError) -> Reply {
        let timeout = Duration.seconds(10)
        let queue = AnswerQueue()
        let stream = try open(
            method, request, timeout: Int64(timeout / .nanoseconds(1)), queue)
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
            abandon(stream, error)
            throw error
        }
    }

    /// Makes a call that is answered by a stream of events.
    func follow<Element: StreamEvent>(
        _ method: Wire.Method, _ request: [UInt8], timeout: Int64 = 0, _ name: String,
        joined: @escaping @Sendable (Element) throws(ClientError) -> Element? = { $0 }
    ) throws(ClientError) -> EventStream<Element> {
        let queue = AnswerQueue()
        let stream = try open(method, request, timeout: timeout, queue)
        return EventStream(of: name, queue, joined: joined) { error in
            self.abandon(stream, error)
        }
    }

    private func open(
        _ method: Wire.Method, _ request: [UInt8], timeout: Int64, _ queue: AnswerQueue
    ) throws(ClientError) -> UInt32 {
        let result: Result<UInt32, ClientError>
        do throws(EventLoopError) {
            result = try loop.sync { [session] in
                do throws(ClientError) {
                    return .success(
                        try session.value.open(method, request, timeout: timeout, queue))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw ClientError(error)
        }
        return try result.get()
    }

    private func abandon(_ stream: UInt32, _ error: ClientError) {
        loop.execute { [session] in session.value.cancel(stream, error) }
    }
}

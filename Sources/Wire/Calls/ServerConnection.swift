/// The server's side of one connection: bytes in, events out, without any I/O.
///
/// Whoever owns it pushes what was read, handles ``nextEvent()`` until there is none, writes what
/// ``drainOutput()`` returns, and closes the connection once ``isFinished``. Whatever a client
/// sends, the answer is a status or silence as `etc/doc/protocol.md` says, never a trap.
public struct ServerConnection: ~Copyable {
    public struct Limits: Sendable {
        /// Calls at a time; further ones are answered RESOURCE_EXHAUSTED.
        public var activeStreams = 64
        /// What a client may break the protocol: each time counts, and 64 KiB of it once more. With
        /// more the connection is finished.
        public var violations = 100
        /// Longer deadlines are cut to this.
        public var timeout: Duration = .seconds(24 * 60 * 60)

        public init() {}
    }

    public enum Event: Sendable, Equatable {
        case call(Call)
        /// One more message of a call that streams its input.
        case message(stream: UInt32, [UInt8])
        /// No more messages will come.
        case inputEnded(stream: UInt32)
        /// The call is answered or abandoned: stop working on it.
        case aborted(stream: UInt32)
    }

    private struct Stream {
        let shape: MethodShape
        var isInputOpen: Bool
    }

    private let methods: [String: [String: MethodShape]]
    private let limits: Limits
    private var decoder = FrameDecoder()
    private var ids = StreamIDs()
    private var streams: [UInt32: Stream] = [:]
    private var events = EventQueue<Event>()
    private var output = OutputQueue()
    private var violations = 0
    /// Nothing more can be understood: write the output, then close.
    public private(set) var isFinished = false

    public init(methods: [Method], limits: Limits = Limits()) {
        self.methods = Dictionary(grouping: methods, by: \.service).mapValues { methods in
            Dictionary(uniqueKeysWithValues: methods.map { ($0.name, $0.shape) })
        }
        self.limits = limits
    }

    /// The calls that have not been answered.
    public var activeStreams: [UInt32] { streams.keys.sorted() }

    /// Whether a frame has begun to arrive and not ended: for the limit of a frame's age.
    public var isInsideFrame: Bool { decoder.isInsideFrame }

    /// How many frames have arrived.
    public var framesEnded: Int { decoder.framesEnded }

    public mutating func receive(_ bytes: Span<UInt8>) {
        guard !isFinished else { return }
        var position = 0
        do {
            while !isFinished, let item = try decoder.next(bytes, from: &position) {
                switch item {
                case .frame(let frame): receive(frame)
                case .oversized(let stream, let count):
                    refuse(
                        stream, Status(.resourceExhausted, oversizeMessage(count)), violating: 0)
                }
            }
        } catch {
            refuse(decoder.lostStream ?? 0, Status(.resourceExhausted, error.message))
            isFinished = true
        }
    }

    public mutating func nextEvent() -> Event? { events.next() }

    /// What is to be written, in order.
    public mutating func drainOutput() -> [[UInt8]] { output.drain() }
}

// MARK: - Frames

extension ServerConnection {
    private mutating func receive(_ frame: Frame) {
        guard frame.stream % 2 == 1 else {
            return refuse(
                frame.stream,
                Status(.invalidArgument, "StreamID must be odd for client initiated streams"),
                violating: frame.payload.count)
        }
        switch frame.kind {
        case .request: open(frame)
        case .data: receiveData(frame)
        case .cancel where streams[frame.stream] != nil:
            refuse(frame.stream, Status(.cancelled, "cancelled by the client"))
        default: break  // also a response: clients have none to give
        }
    }

    private mutating func open(_ frame: Frame) {
        let stream = frame.stream
        guard ids.claim(stream) else {
            return refuse(
                stream,
                Status(.invalidArgument, "StreamID cannot be re-used and must increment"),
                violating: frame.payload.count)
        }
        let envelope: RequestEnvelope
        do {
            envelope = try RequestEnvelope(frame.payload)
        } catch {
            return refuse(
                stream, Status(.invalidArgument, "unmarshal request error: \(error.message)"),
                violating: frame.payload.count)
        }
        guard let service = methods[envelope.service] else {
            return refuse(stream, Status(.unimplemented, "service \(envelope.service)"))
        }
        guard let shape = service[envelope.method] else {
            return refuse(stream, Status(.unimplemented, "method \(envelope.method)"))
        }
        guard envelope.timeout >= 0 else {
            return refuse(stream, Status(.deadlineExceeded, "context deadline exceeded"))
        }
        guard streams.count < limits.activeStreams else {
            return refuse(
                stream,
                Status(
                    .resourceExhausted,
                    "the connection has \(limits.activeStreams) calls already: wait for one to end"
                ))
        }
        // The registered method decides the shape, not the flags, which only say whether more
        // comes from the client.
        let isInputOpen =
            frame.flags.contains(.remoteOpen) && !frame.flags.contains(.remoteClosed)
        streams[stream] = Stream(shape: shape, isInputOpen: isInputOpen)
        let timeout: Duration? =
            envelope.timeout == 0 ? nil : min(.nanoseconds(envelope.timeout), limits.timeout)
        events.append(
            .call(
                Call(
                    stream: stream, service: envelope.service, method: envelope.method,
                    shape: shape, payload: shape.streamsInput ? [] : envelope.payload,
                    timeout: timeout, metadata: envelope.metadata)))
        guard shape.streamsInput else { return }
        // Go opens without a payload, Rust may send an empty one: no message. What is there is one.
        if !envelope.payload.isEmpty, !frame.flags.contains(.noData) {
            events.append(.message(stream: stream, envelope.payload))
        }
        if !isInputOpen { events.append(.inputEnded(stream: stream)) }
    }

    private mutating func receiveData(_ frame: Frame) {
        guard let stream = streams[frame.stream] else {
            // What crosses the end of its call is no violation.
            return refuse(
                frame.stream, Status(.invalidArgument, "StreamID is no longer active"),
                violating: ids.hasSeen(frame.stream) ? nil : frame.payload.count)
        }
        guard stream.isInputOpen else {
            return refuse(
                frame.stream, Status(.invalidArgument, "data on a stream that was closed for it"),
                violating: frame.payload.count)
        }
        if frame.flags.contains(.noData) {
            guard frame.payload.isEmpty else {
                return refuse(
                    frame.stream, Status(.invalidArgument, "data in a frame without data"),
                    violating: frame.payload.count)
            }
        } else {
            guard stream.shape.streamsInput else {
                return refuse(
                    frame.stream, Status(.invalidArgument, "data for a method that takes none"),
                    violating: frame.payload.count)
            }
            events.append(.message(stream: frame.stream, frame.payload))
        }
        if frame.flags.contains(.remoteClosed) {
            streams[frame.stream]?.isInputOpen = false
            if stream.shape.streamsInput { events.append(.inputEnded(stream: frame.stream)) }
        }
    }

    /// Answers with an error status; what runs on this id, if anything, is over.
    /// - Parameter violating: the bytes of what broke the protocol; `nil` if nothing did.
    private mutating func refuse(
        _ stream: UInt32, _ status: Status, violating count: Int? = nil
    ) {
        if let count { countViolation(of: count) }
        if streams.removeValue(forKey: stream) != nil { events.append(.aborted(stream: stream)) }
        respond(stream, ResponseEnvelope(status))
    }

    private mutating func respond(_ stream: UInt32, _ response: ResponseEnvelope) {
        output.append(Frame(.response, stream: stream, payload: response.bytes))
    }
}

// MARK: - Answers

extension ServerConnection {
    /// Counts something against the client that is not what it should be.
    public mutating func countViolation(of count: Int) {
        violations += 1 + count >> 16
        if violations > limits.violations { isFinished = true }
    }

    /// Sends one message of a call that streams its output.
    ///
    /// A message over the limit ends the call, and the call alone, with RESOURCE_EXHAUSTED.
    /// - Returns: whether the call goes on; `false` also if it was over already.
    @discardableResult
    public mutating func send(_ message: [UInt8], on stream: UInt32) -> Bool {
        guard let shape = streams[stream]?.shape else { return false }
        precondition(shape.streamsOutput)
        guard message.count <= Frame.maximumCount else {
            fail(stream, Status(.resourceExhausted, oversizeMessage(message.count)))
            return false
        }
        output.append(Frame(.data, stream: stream, payload: message))
        return true
    }

    /// Ends a call that streams its output: by an empty data frame, since clients take the payload
    /// of a Response for one more message.
    public mutating func finish(_ stream: UInt32) {
        guard let shape = streams.removeValue(forKey: stream)?.shape else { return }
        precondition(shape.streamsOutput)
        output.append(Frame(.data, stream: stream, flags: [.remoteClosed, .noData]))
    }

    /// Ends a call that has one answer: never by data, which Go's clients refuse there.
    public mutating func reply(_ message: [UInt8], to stream: UInt32) {
        guard let shape = streams[stream]?.shape else { return }
        precondition(!shape.streamsOutput)
        let response = ResponseEnvelope(payload: message).bytes
        guard response.count <= Frame.maximumCount else {
            return fail(stream, Status(.resourceExhausted, oversizeMessage(response.count)))
        }
        streams[stream] = nil
        output.append(Frame(.response, stream: stream, payload: response))
    }

    /// Ends any call with an error.
    public mutating func fail(_ stream: UInt32, _ status: Status) {
        guard streams.removeValue(forKey: stream) != nil else { return }
        respond(stream, ResponseEnvelope(status))
    }
}

/// The client's side of one connection: calls in, bytes out, and back, without any I/O.
public struct ClientConnection: ~Copyable {
    public enum Event: Sendable, Equatable {
        /// One message of a call that streams its output.
        case message(stream: UInt32, [UInt8])
        /// Such a call is over and has succeeded.
        case ended(stream: UInt32)
        /// The one answer of a call that has one.
        case reply(stream: UInt32, [UInt8])
        case failed(stream: UInt32, Status)
    }

    private struct Stream {
        let shape: MethodShape
        var isOutputOpen: Bool
    }

    private var decoder = FrameDecoder()
    private var streams: [UInt32: Stream] = [:]
    private var nextID: UInt32
    private var events = EventQueue<Event>()
    private var output = OutputQueue()
    /// Nothing more can be understood: close the connection.
    public private(set) var isFinished = false

    public init() { self.init(firstID: 1) }

    init(firstID: UInt32) { nextID = firstID }

    /// Whether a call is waiting for anything.
    public var isIdle: Bool { streams.isEmpty }

    /// Opens a call.
    ///
    /// - Parameters:
    ///   - payload: the request; must be empty for a method that streams its input.
    ///   - timeout: in nanoseconds; 0 is none.
    /// - Returns: the stream's id.
    /// - Throws: ``WireError/Code/tooLarge`` for a request over 4 MiB, before anything is sent;
    ///   ``WireError/Code/exhausted`` when the ids are used up or the connection is over: make a
    ///   new one.
    public mutating func open(
        _ method: Method, _ payload: [UInt8] = [], timeout: Int64 = 0, metadata: [Metadata] = []
    ) throws(WireError) -> UInt32 {
        precondition(payload.isEmpty || !method.shape.streamsInput)
        let request = RequestEnvelope(
            service: method.service, method: method.name, payload: payload, timeout: timeout,
            metadata: metadata
        ).bytes
        try checkSize(request, "the request")
        guard !isFinished else {
            throw WireError(.exhausted, "the connection is over: reconnect")
        }
        guard nextID < UInt32.max - 1 else {
            throw WireError(.exhausted, "the connection has used all its stream ids: reconnect")
        }
        // 0x06 for streamed input: Rust's servers take 0x02 alone for a first, empty message.
        let flags: FrameFlags =
            switch method.shape {
            case .unary: []
            case .serverStreaming: .remoteClosed
            case .clientStreaming, .bidirectional: [.remoteOpen, .noData]
            }
        let stream = nextID
        nextID += 2
        streams[stream] = Stream(shape: method.shape, isOutputOpen: method.shape.streamsInput)
        output.append(Frame(.request, stream: stream, flags: flags, payload: request))
        return stream
    }

    /// Sends one message of a call that streams its input; nothing if the call is over.
    public mutating func send(_ message: [UInt8], on stream: UInt32) throws(WireError) {
        // Data on a stream that is not open for it crashes Go's servers.
        guard streams[stream]?.isOutputOpen == true else { return }
        try checkSize(message, "a message")
        output.append(Frame(.data, stream: stream, payload: message))
    }

    /// Says that no more messages will come: in a frame of its own, since Go's servers refuse a
    /// message in it.
    public mutating func closeInput(of stream: UInt32) {
        guard streams[stream]?.isOutputOpen == true else { return }
        streams[stream]?.isOutputOpen = false
        output.append(Frame(.data, stream: stream, flags: [.remoteClosed, .noData]))
    }

    /// Forgets a call, and lets a server that knows our extension know. No event follows.
    public mutating func cancel(_ stream: UInt32) {
        guard streams.removeValue(forKey: stream) != nil else { return }
        output.append(Frame(.cancel, stream: stream))
    }

    public mutating func receive(_ bytes: Span<UInt8>) {
        guard !isFinished else { return }
        var position = 0
        do {
            while let item = try decoder.next(bytes, from: &position) {
                switch item {
                case .frame(let frame): receive(frame)
                case .oversized(let stream, let count):
                    abandon(stream, Status(.resourceExhausted, oversizeMessage(count)))
                }
            }
        } catch {
            disconnected(Status(.internal, "the server does not speak ttrpc: \(error.message)"))
        }
    }

    /// Fails whatever is open: the connection is gone.
    public mutating func disconnected(_ status: Status) {
        isFinished = true
        for stream in streams.keys.sorted() {
            events.append(.failed(stream: stream, status))
        }
        streams = [:]
    }

    public mutating func nextEvent() -> Event? { events.next() }

    /// What is to be written, in order.
    public mutating func drainOutput() -> [[UInt8]] { output.drain() }

    private func checkSize(_ payload: [UInt8], _ what: String) throws(WireError) {
        guard payload.count <= Frame.maximumCount else {
            throw WireError(
                .tooLarge,
                "\(what) has \(payload.count) bytes, one frame takes \(Frame.maximumCount)")
        }
    }
}

// MARK: - Frames

extension ClientConnection {
    private mutating func receive(_ frame: Frame) {
        // A late answer to a call that was cancelled is no error.
        guard let stream = streams[frame.stream] else { return }
        switch frame.kind {
        case .response: receiveResponse(frame, stream.shape)
        case .data where stream.shape.streamsOutput: receiveData(frame)
        case .data:
            abandon(
                frame.stream,
                Status(.internal, "received data from non-streaming server: protocol error"))
        case let kind:
            abandon(
                frame.stream,
                Status(.internal, "received a frame of kind \(kind.rawValue): protocol error"))
        }
    }

    private mutating func receiveResponse(_ frame: Frame, _ shape: MethodShape) {
        streams[frame.stream] = nil
        let response: ResponseEnvelope
        do {
            response = try ResponseEnvelope(frame.payload)
        } catch {
            events.append(
                .failed(
                    stream: frame.stream,
                    Status(.internal, "unmarshal response error: \(error.message)")))
            return
        }
        if let status = response.status {
            events.append(.failed(stream: frame.stream, status))
        } else if !shape.streamsOutput {
            events.append(.reply(stream: frame.stream, response.payload))
        } else {
            // Legal by the letter of the protocol, though no server should end a stream so.
            if !response.payload.isEmpty {
                events.append(.message(stream: frame.stream, response.payload))
            }
            events.append(.ended(stream: frame.stream))
        }
    }

    private mutating func receiveData(_ frame: Frame) {
        if !frame.flags.contains(.noData) {
            events.append(.message(stream: frame.stream, frame.payload))
        }
        if frame.flags.contains(.remoteClosed) {
            streams[frame.stream] = nil
            events.append(.ended(stream: frame.stream))
        }
    }

    /// Fails a call that the server believes to be open.
    private mutating func abandon(_ stream: UInt32, _ status: Status) {
        guard streams[stream] != nil else { return }
        cancel(stream)
        events.append(.failed(stream: stream, status))
    }
}

import Testing
import Wire

private let methods = [
    Method("t.S", "Unary", .unary), Method("t.S", "Server", .serverStreaming),
    Method("t.S", "Client", .clientStreaming), Method("t.S", "Both", .bidirectional),
]

private func request(
    _ stream: UInt32, _ method: String, flags: FrameFlags = [], payload: [UInt8] = [],
    timeout: Int64 = 0
) -> Frame {
    let envelope = RequestEnvelope(
        service: "t.S", method: method, payload: payload, timeout: timeout)
    return Frame(.request, stream: stream, flags: flags, payload: envelope.bytes)
}

private func data(
    _ stream: UInt32, _ payload: [UInt8] = [], flags: FrameFlags = []
) -> Frame {
    Frame(.data, stream: stream, flags: flags, payload: payload)
}

/// The server's rows of the conformance suite (I, T, U, S), without sockets.
struct ServerConnectionTests {
    // MARK: Ids

    @Test(
        "I1, I2: an even id is refused", arguments: [0, 2, 0xffff_fffe] as [UInt32],
        [1, 3, 9] as [UInt8])
    func evenIDIsRefused(stream: UInt32, kind: UInt8) throws {
        var server = ServerConnection(methods: methods)
        let frame = Frame(FrameKind(rawValue: kind), stream: stream)
        #expect(server.events(after: frame) == [])
        let answer = try #require(server.frames().first)
        #expect(answer.stream == stream && answer.status?.code == .invalidArgument)
    }

    @Test("I3: an id is taken once")
    func idIsTakenOnce() {
        var server = ServerConnection(methods: methods)
        #expect(server.events(after: request(5, "Unary")).count == 1)
        server.reply([], to: 5)
        _ = server.frames()
        #expect(server.events(after: request(5, "Unary")) == [])
        #expect(server.frames().first?.status?.code == .invalidArgument)
    }

    @Test("I4, I5: ids may come out of order, and reach the last")
    func idsMayComeOutOfOrderAndReachTheLast() {
        var server = ServerConnection(methods: methods)
        for id in [5, 3, 0xffff_ffff, 0xffff_fffd] as [UInt32] {
            #expect(server.events(after: request(id, "Unary")).count == 1, "\(id)")
        }
        // Too far below the highest to be remembered.
        #expect(server.events(after: request(7, "Unary")) == [])
        #expect(server.frames().first?.status?.code == .invalidArgument)
    }

    @Test("I3: re-use of a running id ends it")
    func reuseOfARunningIDEndsIt() {
        var server = ServerConnection(methods: methods)
        _ = server.events(after: request(1, "Server"))
        #expect(server.events(after: request(1, "Server")) == [.aborted(stream: 1)])
        let isOpen = server.send([1], on: 1)
        #expect(!isOpen)
        #expect(server.frames().count == 1)
    }

    // MARK: Kinds

    @Test("T1, T6: unknown kinds and responses are ignored")
    func unknownKindsAndResponsesAreIgnored() {
        var server = ServerConnection(methods: methods)
        let frames = [4, 0, 0x11, 255, 2].map { Frame(FrameKind(rawValue: $0), stream: 1) }
        #expect(server.events(after: frames.flatMap(\.bytes)) == [])
        #expect(server.frames() == [])
        #expect(server.events(after: request(1, "Unary")).count == 1)
    }

    @Test(
        "T2: data on a unary call ends it",
        arguments: [[], .remoteOpen, .remoteClosed, FrameFlags(rawValue: 0xff)] as [FrameFlags])
    func dataOnAUnaryCallEndsIt(flags: FrameFlags) {
        var server = ServerConnection(methods: methods)
        #expect(server.events(after: request(1, "Unary", flags: flags)).count == 1)
        #expect(server.events(after: data(1, [1])) == [.aborted(stream: 1)])
        #expect(server.frames().map(\.status?.code) == [.invalidArgument])
        server.reply([1], to: 1)
        #expect(server.frames() == [], "a call is answered once")
    }

    @Test("T3, T5: data on an unknown or finished stream is refused")
    func dataOnAnUnknownOrFinishedStreamIsRefused() {
        var server = ServerConnection(methods: methods)
        #expect(server.events(after: data(9)) == [])
        _ = server.events(after: request(1, "Both", flags: .remoteOpen))
        server.finish(1)
        #expect(server.events(after: data(1, [1])) == [])
        let answers = server.frames()
        #expect(answers.map(\.stream) == [9, 1, 1])
        #expect(answers[1].flags == [.remoteClosed, .noData])
        #expect(answers[2].status?.message == "StreamID is no longer active")
    }

    @Test("T4: data after the half-close ends the call")
    func dataAfterHalfCloseEndsTheCall() {
        var server = ServerConnection(methods: methods)
        _ = server.events(
            after: request(1, "Both", flags: .remoteOpen),
            data(1, flags: [.remoteClosed, .noData]))
        #expect(server.events(after: data(1, [2])) == [.aborted(stream: 1)])
    }

    @Test func cancelFrameEndsTheCall() {
        var server = ServerConnection(methods: methods)
        _ = server.events(after: request(1, "Server", flags: .remoteClosed))
        #expect(server.events(after: Frame(.cancel, stream: 1)) == [.aborted(stream: 1)])
        #expect(server.events(after: Frame(.cancel, stream: 1)) == [])
        #expect(server.frames().map(\.status?.code) == [.cancelled])
    }

    // MARK: Unary calls

    @Test(
        "U8: whatever the flags, a unary call is answered by one Response",
        arguments: [[], .remoteClosed, .remoteOpen, FrameFlags(rawValue: 0xff)] as [FrameFlags])
    func unaryCallIsAnsweredByOneResponse(flags: FrameFlags) {
        var server = ServerConnection(methods: methods)
        let events = server.events(after: request(1, "Unary", flags: flags, payload: [4, 5]))
        guard case .call(let call)? = events.first, events.count == 1 else {
            Issue.record("\(events)")
            return
        }
        #expect(call.payload == [4, 5] && call.timeout == nil && call.shape == .unary)
        server.reply([6], to: 1)
        #expect(
            server.frames() == [
                Frame(.response, stream: 1, payload: ResponseEnvelope(payload: [6]).bytes)
            ])
        #expect(server.activeStreams == [])
    }

    @Test("F4, U1: an empty answer is zero bytes")
    func emptyAnswerIsZeroBytes() {
        var server = ServerConnection(methods: methods)
        _ = server.events(after: request(1, "Unary"))
        server.reply([], to: 1)
        #expect(server.frames() == [Frame(.response, stream: 1)])
    }

    @Test("U4: unknown names are UNIMPLEMENTED")
    func unknownNamesAreUnimplemented() {
        var server = ServerConnection(methods: methods)
        let stranger = RequestEnvelope(service: "t.X", method: "Unary").bytes
        _ = server.events(after: Frame(.request, stream: 1, payload: stranger), request(3, "Nope"))
        #expect(
            server.frames().map(\.status) == [
                Status(.unimplemented, "service t.X"), Status(.unimplemented, "method Nope"),
            ])
    }

    @Test("U5: a garbage envelope is refused, and the next call works")
    func garbageEnvelopeIsRefusedAndTheNextCallWorks() {
        var server = ServerConnection(methods: methods)
        _ = server.events(after: Frame(.request, stream: 1, payload: [0xff, 0xff]))
        #expect(server.frames().first?.status?.code == .invalidArgument)
        #expect(server.events(after: request(3, "Unary")).count == 1)
    }

    @Test(
        "U7: a timeout is handed on",
        arguments: [
            (0, nil), (1, .nanoseconds(1)), (5_000_000_000, .seconds(5)),
            (.max, .seconds(24 * 60 * 60)),
        ] as [(Int64, Duration?)])
    func timeoutIsHandedOn(nanoseconds: Int64, expected: Duration?) {
        var server = ServerConnection(methods: methods)
        let events = server.events(after: request(1, "Server", timeout: nanoseconds))
        guard case .call(let call)? = events.first else {
            Issue.record("no call")
            return
        }
        #expect(call.timeout == expected)
    }

    @Test("U7: a negative timeout is over")
    func negativeTimeoutIsOver() {
        var server = ServerConnection(methods: methods)
        #expect(server.events(after: request(1, "Unary", timeout: -1)) == [])
        #expect(server.frames().first?.status?.code == .deadlineExceeded)
    }

    // MARK: Limits

    @Test("F6: an oversized request is refused, and the next call works")
    func oversizedRequestIsRefusedAndTheNextCallWorks() {
        var server = ServerConnection(methods: methods)
        let count = Frame.maximumCount + 1
        #expect(server.events(after: [0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0]) == [])
        #expect(
            server.frames().first?.status
                == Status(
                    .resourceExhausted,
                    "message length \(count) exceed maximum message size of 4194304"))
        _ = server.events(after: [UInt8](repeating: 0, count: count))
        #expect(server.events(after: request(3, "Unary")).count == 1)
        #expect(server.isFinished == false)
    }

    @Test("F7: a length of 16 MiB is answered once, and ends the connection")
    func reservedLengthIsAnsweredOnceAndEndsTheConnection() {
        var server = ServerConnection(methods: methods)
        _ = server.events(after: [1, 0, 0, 0, 0, 0, 0, 1, 1, 0])
        #expect(server.isFinished == true)
        _ = server.events(after: request(3, "Unary"))
        #expect(server.frames().map(\.status?.code) == [.resourceExhausted])
    }

    @Test func answersOverTheLimitFailTheirCallAlone() {
        var server = ServerConnection(methods: methods)
        _ = server.events(after: request(1, "Unary"), request(3, "Server"), request(5, "Server"))
        let large = [UInt8](repeating: 0, count: Frame.maximumCount + 1)
        server.reply(Array(large.dropLast()), to: 1)  // the envelope makes it too large
        let isThirdOpen = server.send(large, on: 3)
        let isFifthOpen = server.send(Array(large.dropLast()), on: 5)
        #expect(!isThirdOpen && isFifthOpen)
        let frames = server.frames()
        #expect(frames.map(\.status?.code) == [.resourceExhausted, .resourceExhausted, nil])
        #expect(server.activeStreams == [5])
    }

    @Test func callsPerConnectionAreBounded() {
        var limits = ServerConnection.Limits()
        limits.activeStreams = 2
        var server = ServerConnection(methods: methods, limits: limits)
        #expect(server.events(after: request(1, "Unary"), request(3, "Unary")).count == 2)
        #expect(server.events(after: request(5, "Unary")) == [])
        #expect(server.frames().first?.status?.code == .resourceExhausted)
        server.reply([], to: 1)
        #expect(server.events(after: request(7, "Unary")).count == 1)
    }

    // MARK: Streams

    @Test("S4: a stream ends by empty data, never by a Response")
    func serverStreamEndsByEmptyDataNeverByAResponse() {
        var server = ServerConnection(methods: methods)
        _ = server.events(after: request(1, "Server", flags: .remoteClosed))
        server.send([1], on: 1)
        server.send([], on: 1)
        server.finish(1)
        #expect(
            server.frames() == [
                data(1, [1]), data(1), data(1, flags: [.remoteClosed, .noData]),
            ])
    }

    @Test("S10: an error after messages ends by a Response")
    func errorAfterMessagesEndsByAResponse() {
        var server = ServerConnection(methods: methods)
        _ = server.events(after: request(1, "Server", flags: .remoteClosed))
        server.send([1], on: 1)
        server.fail(1, Status(.aborted, "enough"))
        let frames = server.frames()
        #expect(frames.map(\.kind) == [.data, .response])
        #expect(frames.last?.status == Status(.aborted, "enough"))
    }

    @Test(
        "S11: streamed input has no phantom message",
        arguments: [FrameFlags.remoteOpen, [.remoteOpen, .noData]])
    func streamedInputHasNoPhantomMessage(flags: FrameFlags) {
        var server = ServerConnection(methods: methods)
        let events = server.events(
            after: request(1, "Client", flags: flags), data(1, [1]), data(1),
            data(1, flags: [.remoteClosed, .noData]))
        #expect(
            Array(events.dropFirst()) == [
                .message(stream: 1, [1]), .message(stream: 1, []), .inputEnded(stream: 1),
            ])
        server.reply([2], to: 1)
        #expect(server.frames().map(\.kind) == [.response])
    }

    @Test("S12, S15: the payload of the request is the first message")
    func payloadOfTheRequestIsTheFirstMessage() {
        var server = ServerConnection(methods: methods)
        let open = server.events(
            after: request(1, "Both", flags: .remoteOpen, payload: [7]))
        #expect(Array(open.dropFirst()) == [.message(stream: 1, [7])])
        // Go's servers hang here; ours says that this was all.
        let closed = server.events(
            after: request(3, "Client", flags: .remoteClosed, payload: [8]))
        #expect(
            Array(closed.dropFirst()) == [.message(stream: 3, [8]), .inputEnded(stream: 3)])
    }

    @Test("S13, S14: a half-close with a message is both")
    func halfCloseWithAMessageIsAMessageAndTheEnd() {
        var server = ServerConnection(methods: methods)
        _ = server.events(
            after: request(1, "Both", flags: .remoteOpen),
            request(3, "Both", flags: .remoteOpen))
        #expect(
            server.events(after: data(1, [9], flags: .remoteClosed)) == [
                .message(stream: 1, [9]), .inputEnded(stream: 1),
            ])
        #expect(
            server.events(after: data(3, flags: .remoteClosed)) == [
                .message(stream: 3, []), .inputEnded(stream: 3),
            ], "without the flag for no data, length 0 is a message")
    }

    // MARK: Anything at all

    @Test func randomBytesNeverTrap() {
        var random = SplitMix(seed: 3)
        for _ in 0..<10_000 {
            var server = ServerConnection(methods: methods)
            _ = server.events(after: random.bytes(upTo: 120))
        }
    }

    @Test func randomFramesNeverTrap() {
        var random = SplitMix(seed: 4)
        let names = ["Unary", "Server", "Client", "Both", "Nope"]
        for _ in 0..<2_000 {
            var server = ServerConnection(methods: methods)
            for _ in 0..<20 {
                let id = UInt32.random(in: 0...7, using: &random)
                let flags = FrameFlags(rawValue: UInt8.random(in: 0...7, using: &random))
                let name = names.randomElement(using: &random) ?? "Unary"
                var frame = request(id, name, flags: flags, payload: random.bytes(upTo: 2))
                if Bool.random(using: &random) {
                    frame = data(id, random.bytes(upTo: 3), flags: flags)
                }
                for case .call(let call) in server.events(after: frame) where id % 3 == 0 {
                    switch call.shape {
                    case .unary, .clientStreaming: server.reply([1], to: call.stream)
                    case .serverStreaming, .bidirectional: server.finish(call.stream)
                    }
                }
            }
            let ends = server.frames().filter {
                $0.kind == .response || $0.flags.contains(.remoteClosed)
            }
            #expect(ends.count <= 20)
        }
    }
}

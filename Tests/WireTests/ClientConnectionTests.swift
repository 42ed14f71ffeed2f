import Testing

@testable import Wire

private let unary = Method("t.S", "Unary", .unary)
private let server = Method("t.S", "Server", .serverStreaming)
private let client = Method("t.S", "Client", .clientStreaming)
private let both = Method("t.S", "Both", .bidirectional)

struct ClientConnectionTests {
    @Test("S11: opens with the flags that all servers take")
    func opensWithTheFlagsThatAllServersTake() throws {
        var connection = ClientConnection()
        for method in [unary, server, client, both] { _ = try connection.open(method) }
        let frames = connection.frames()
        #expect(frames.map(\.stream) == [1, 3, 5, 7])
        #expect(frames.map(\.flags.rawValue) == [0, 1, 6, 6])
    }

    @Test func repliesComeInAnyOrder() throws {
        var connection = ClientConnection()
        let first = try connection.open(unary, [1])
        let second = try connection.open(unary, [2])
        #expect(
            connection.events(
                after: Frame(.response, stream: second),
                Frame(.response, stream: first, payload: ResponseEnvelope(payload: [9]).bytes))
                == [.reply(stream: second, []), .reply(stream: first, [9])])
        #expect(connection.isIdle == true)
    }

    @Test func streamOfMessages() throws {
        var connection = ClientConnection()
        let stream = try connection.open(server)
        #expect(
            connection.events(
                after: Frame(.data, stream: stream, payload: [1]), Frame(.data, stream: stream),
                Frame(.data, stream: stream, flags: [.remoteClosed, .noData]),
                Frame(.data, stream: stream, payload: [2]))
                == [
                    .message(stream: stream, [1]), .message(stream: stream, []),
                    .ended(stream: stream),
                ])
    }

    @Test func errorEndsAStream() throws {
        var connection = ClientConnection()
        let stream = try connection.open(server)
        let status = Status(.aborted, "x")
        #expect(
            connection.events(
                after: Frame(.response, stream: stream, payload: ResponseEnvelope(status).bytes))
                == [.failed(stream: stream, status)])
    }

    @Test func okResponseAtTheEndOfAStreamIsTaken() throws {
        var connection = ClientConnection()
        let stream = try connection.open(server)
        #expect(
            connection.events(after: Frame(.response, stream: stream))
                == [.ended(stream: stream)])
    }

    @Test("T1, T2, U5: violations fail their stream and tell the server")
    func violationsFailTheirStreamAndTellTheServer() throws {
        var connection = ClientConnection()
        let dataForUnary = try connection.open(unary)
        let strange = try connection.open(server)
        let garbage = try connection.open(unary)
        let fine = try connection.open(unary)
        _ = connection.frames()
        let events = connection.events(
            after: Frame(.data, stream: dataForUnary, payload: [1]),
            Frame(FrameKind(rawValue: 77), stream: strange),
            Frame(.response, stream: garbage, payload: [0xff]),
            Frame(.response, stream: fine))
        #expect(events.count == 4)
        for event in events.dropLast() {
            guard case .failed(_, let status) = event else {
                Issue.record("\(event)")
                continue
            }
            #expect(status.code == .internal)
        }
        #expect(events.last == .reply(stream: fine, []))
        #expect(
            connection.frames() == [
                Frame(.cancel, stream: dataForUnary), Frame(.cancel, stream: strange),
            ])
    }

    @Test("T3, T5: frames of unknown streams are dropped")
    func unknownStreamsAreDropped() {
        var connection = ClientConnection()
        #expect(
            connection.events(
                after: Frame(.response, stream: 5), Frame(.data, stream: 6, payload: [1])) == [])
        #expect(connection.frames() == [])
    }

    @Test("F6: an oversized frame fails its stream alone")
    func oversizedFrameFailsItsStreamAlone() throws {
        var connection = ClientConnection()
        let large = try connection.open(unary)
        let fine = try connection.open(unary)
        var events = connection.events(after: [0, 0x40, 0, 1, 0, 0, 0, UInt8(large), 2, 0])
        events += connection.events(
            after: [UInt8](repeating: 0, count: Frame.maximumCount + 1))
        events += connection.events(after: Frame(.response, stream: fine))
        guard case .failed(large, let status)? = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(status.code == .resourceExhausted)
        #expect(events.last == .reply(stream: fine, []))
    }

    @Test func oversizedRequestIsNotSent() throws {
        var connection = ClientConnection()
        let error = #expect(throws: WireError.self) {
            _ = try connection.open(unary, [UInt8](repeating: 0, count: Frame.maximumCount))
        }
        #expect(error?.code == .tooLarge)
        #expect(connection.frames() == [])
        #expect(try connection.open(unary) == 1)
    }

    @Test func neverSendsDataWhereItIsNotExpected() throws {
        var connection = ClientConnection()
        let single = try connection.open(unary)
        let stream = try connection.open(client)
        _ = connection.frames()
        try connection.send([1], on: single)
        connection.closeInput(of: single)
        try connection.send([1], on: 99)
        try connection.send([1], on: stream)
        connection.closeInput(of: stream)
        try connection.send([2], on: stream)
        connection.closeInput(of: stream)
        #expect(
            connection.frames() == [
                Frame(.data, stream: stream, payload: [1]),
                Frame(.data, stream: stream, flags: [.remoteClosed, .noData]),
            ])
    }

    @Test func idsRunOut() throws {
        var connection = ClientConnection(firstID: .max - 2)
        #expect(try connection.open(unary) == .max - 2)
        #expect(throws: WireError.self) { _ = try connection.open(unary) }
    }

    @Test func disconnectFailsAllCalls() throws {
        var connection = ClientConnection()
        let first = try connection.open(unary)
        let second = try connection.open(server)
        connection.disconnected(Status(.unavailable, "gone"))
        #expect(
            connection.events(after: []) == [
                .failed(stream: first, Status(.unavailable, "gone")),
                .failed(stream: second, Status(.unavailable, "gone")),
            ])
    }

    /// Nobody would ever answer it.
    @Test func aConnectionThatIsOverTakesNoCall() {
        var connection = ClientConnection()
        connection.disconnected(Status(.unavailable, "gone"))
        #expect(throws: WireError.self) { _ = try connection.open(unary) }
        let isIdle = connection.isIdle
        #expect(isIdle)
        #expect(connection.frames().isEmpty)
    }

    @Test func randomBytesNeverTrap() throws {
        var random = SplitMix(seed: 5)
        for _ in 0..<10_000 {
            var connection = ClientConnection()
            for method in [unary, server, both] { _ = try connection.open(method) }
            var bytes = random.bytes(upTo: 60)
            // Half of them reach a stream.
            if bytes.count > 9, Bool.random(using: &random) {
                bytes.replaceSubrange(
                    0..<8, with: [0, 0, 0, UInt8(bytes.count - 10), 0, 0, 0, bytes[7] & 7])
            }
            _ = connection.events(after: bytes)
        }
    }
}

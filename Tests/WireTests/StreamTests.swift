import Testing
import Wire

private let unary = Method("t.S", "Unary", .unary)
private let server = Method("t.S", "Server", .serverStreaming)
private let client = Method("t.S", "Client", .clientStreaming)
private let both = Method("t.S", "Both", .bidirectional)

/// A client and a server that hear each other at once.
private struct Pair: ~Copyable {
    var caller = ClientConnection()
    var answerer: ServerConnection

    init(activeStreams: Int = 64) {
        var limits = ServerConnection.Limits()
        limits.activeStreams = activeStreams
        answerer = ServerConnection(methods: [unary, server, client, both], limits: limits)
    }

    /// What the server hears of what the client has said since.
    mutating func heard() -> [ServerConnection.Event] {
        answerer.events(after: caller.drainOutput().flatMap(\.self))
    }

    mutating func answered() -> [ClientConnection.Event] {
        caller.events(after: answerer.drainOutput().flatMap(\.self))
    }
}

/// Both ends of the conformance suite's calls (U, S), each against the other.
struct StreamTests {
    @Test("U1, S8: empty requests and answers of every shape") func emptyMessages() throws {
        var pair = Pair()
        for method in [unary, server, client, both] { _ = try pair.caller.open(method) }
        try pair.caller.send([], on: 5)
        try pair.caller.send([], on: 7)
        let heard = pair.heard()
        #expect(Array(heard.suffix(2)) == [.message(stream: 5, []), .message(stream: 7, [])])
        #expect(heard.count == 6)
        pair.answerer.reply([], to: 1)
        pair.answerer.send([], on: 3)
        pair.answerer.reply([], to: 5)
        pair.answerer.send([], on: 7)
        #expect(
            pair.answered() == [
                .reply(stream: 1, []), .message(stream: 3, []), .reply(stream: 5, []),
                .message(stream: 7, []),
            ])
    }

    @Test("U2: the largest request and answer") func largestMessages() throws {
        var pair = Pair()
        // Beside it there is the envelope: two names and the lengths, or one length.
        let request = pattern(Frame.maximumCount - 18)
        _ = try pair.caller.open(unary, request)
        guard case .call(let call)? = pair.heard().first else {
            Issue.record("no call")
            return
        }
        let isSame = call.payload == request
        #expect(isSame)
        pair.answerer.reply(pattern(Frame.maximumCount - 5), to: 1)
        guard case .reply(1, let answer)? = pair.answered().first else {
            Issue.record("no answer")
            return
        }
        #expect(answer.count == Frame.maximumCount - 5)
        let error = #expect(throws: WireError.self) {
            try pair.caller.open(unary, request + [0, 0])
        }
        #expect(error?.code == .tooLarge)
    }

    @Test("S9: streams without a message, both ways") func emptyStreams() throws {
        var pair = Pair()
        for method in [client, both] { pair.caller.closeInput(of: try pair.caller.open(method)) }
        let heard = pair.heard()
        #expect(heard.count == 4)
        #expect(heard[1] == .inputEnded(stream: 1) && heard[3] == .inputEnded(stream: 3))
        pair.answerer.reply([], to: 1)
        pair.answerer.finish(3)
        #expect(pair.answered() == [.reply(stream: 1, []), .ended(stream: 3)])
        #expect(pair.caller.isIdle == true)
    }

    @Test("S10: a server that ends first") func serverEndsFirst() throws {
        var pair = Pair()
        let ended = try pair.caller.open(both)
        let failed = try pair.caller.open(both)
        _ = pair.heard()
        pair.answerer.finish(ended)
        pair.answerer.fail(failed, Status(.aborted, "enough"))
        // It crosses what the client still says, which the server refuses.
        try pair.caller.send([1], on: ended)
        pair.caller.closeInput(of: failed)
        let late = pair.caller.drainOutput().flatMap(\.self)
        #expect(
            pair.answered() == [
                .ended(stream: ended), .failed(stream: failed, Status(.aborted, "enough")),
            ])
        #expect(pair.answerer.events(after: late) == [])
        #expect(pair.answered() == [], "no second end")
        // Then there is nothing more to say.
        try pair.caller.send([2], on: ended)
        pair.caller.closeInput(of: ended)
        pair.caller.cancel(failed)
        #expect(pair.caller.frames() == [])
    }

    @Test("S16: 1,000 streams at once") func thousandStreams() throws {
        var pair = Pair(activeStreams: 1000)
        var streams: [UInt32] = []
        for _ in 0..<1000 { streams.append(try pair.caller.open(both)) }
        for stream in streams { try pair.caller.send([UInt8(stream & 0xff)], on: stream) }
        #expect(pair.heard().count == 2000)
        #expect(pair.answerer.activeStreams == streams)
        for stream in streams.reversed() {
            pair.answerer.send([1], on: stream)
            pair.answerer.finish(stream)
        }
        let events = pair.answered()
        #expect(events.count == 2000)
        #expect(events.last == .ended(stream: 1))
        #expect(pair.caller.isIdle == true)
        // One more than the limit is refused, the others go on.
        for _ in 0..<1001 { _ = try pair.caller.open(both) }
        #expect(pair.heard().count == 1000)
        guard case .failed(let stream, let status)? = pair.answered().first else {
            Issue.record("none was refused")
            return
        }
        #expect(stream == 4001 && status.code == .resourceExhausted)
    }

    @Test("S17: streams that interleave keep their order") func interleaving() throws {
        var pair = Pair()
        var random = SplitMix(seed: 17)
        var sent: [UInt32: [[UInt8]]] = [:]
        for _ in 0..<8 { sent[try pair.caller.open(both)] = [] }
        _ = pair.heard()
        var heard: [UInt32: [[UInt8]]] = [:]
        var answered: [UInt32: [[UInt8]]] = [:]
        for _ in 0..<500 {
            let stream = UInt32.random(in: 0..<8, using: &random) * 2 + 1
            let message = random.bytes(upTo: 20)
            sent[stream, default: []].append(message)
            try pair.caller.send(message, on: stream)
            guard Bool.random(using: &random) else { continue }
            for case .message(let stream, let message) in pair.heard() {
                heard[stream, default: []].append(message)
                pair.answerer.send(message, on: stream)
            }
            for case .message(let stream, let message) in pair.answered() {
                answered[stream, default: []].append(message)
            }
        }
        for case .message(let stream, let message) in pair.heard() {
            heard[stream, default: []].append(message)
        }
        #expect(heard == sent)
        for (stream, messages) in answered {
            #expect(sent[stream]?.starts(with: messages) == true)
        }
    }

    @Test("F7: a server that does not speak ttrpc") func strangeServer() throws {
        var caller = ClientConnection()
        let stream = try caller.open(unary)
        let events = caller.events(after: Array("HTTP/1.1 400 Bad Request\r\n".utf8))
        guard case .failed(stream, let status)? = events.first, events.count == 1 else {
            Issue.record("\(events)")
            return
        }
        #expect(status.code == .internal)
        #expect(caller.isFinished == true)
        #expect(caller.events(after: Frame(.response, stream: stream)) == [])
    }

    @Test("F9: half a header, then the end") func halfAHeader() throws {
        var caller = ClientConnection()
        let stream = try caller.open(unary)
        #expect(caller.events(after: [0, 0, 0]) == [])
        caller.disconnected(Status(.unavailable, "gone"))
        #expect(
            caller.events(after: []) == [.failed(stream: stream, Status(.unavailable, "gone"))])
        var server = ServerConnection(methods: [unary])
        #expect(server.events(after: [0, 0, 0]) == [])
        #expect(server.isInsideFrame == true)
    }
}

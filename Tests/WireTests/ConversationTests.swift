import Testing
import Wire

private let unary = Method("t.S", "Unary", .unary)
private let server = Method("t.S", "Server", .serverStreaming)
private let client = Method("t.S", "Client", .clientStreaming)
private let both = Method("t.S", "Both", .bidirectional)

/// F2 and F3 for whole conversations: how the bytes are cut makes no difference to either end.
struct ConversationTests {
    /// All four shapes at once, as a client sends them and as a server answers.
    private struct Conversation {
        let fromClient: [UInt8]
        let fromServer: [UInt8]
    }

    private static func openAll(_ connection: inout ClientConnection) throws {
        _ = try connection.open(
            unary, [1, 2], timeout: 1_000_000_000, metadata: [Metadata(key: "k", value: "v")])
        _ = try connection.open(server, [3])
        _ = try connection.open(client)
        _ = try connection.open(both)
    }

    private static func conversation() throws -> Conversation {
        var caller = ClientConnection()
        try openAll(&caller)
        for stream in [5, 7, 5] as [UInt32] { try caller.send([UInt8(stream), 0], on: stream) }
        try caller.send([], on: 7)
        caller.closeInput(of: 7)
        caller.closeInput(of: 5)
        _ = try caller.open(Method("t.S", "Nope", .unary))
        let given = try caller.open(server)
        caller.cancel(given)
        let fromClient = caller.drainOutput().flatMap(\.self)

        var answerer = ServerConnection(methods: [unary, server, client, both])
        _ = answerer.events(after: fromClient)
        answerer.send([9], on: 3)
        answerer.send([8], on: 7)
        answerer.reply([], to: 1)
        answerer.send([], on: 3)
        answerer.reply([7, 7], to: 5)
        answerer.finish(7)
        answerer.fail(3, Status(.aborted, "x", details: [.init(typeURL: "t/u", value: [1])]))
        return Conversation(
            fromClient: fromClient, fromServer: answerer.drainOutput().flatMap(\.self))
    }

    /// What a server makes of bytes that come in pieces.
    private static func heard(_ pieces: [ArraySlice<UInt8>]) -> [ServerConnection.Event] {
        var connection = ServerConnection(methods: [unary, server, client, both])
        return pieces.flatMap { connection.events(after: Array($0)) }
    }

    private static func answered(
        _ pieces: [ArraySlice<UInt8>]
    ) throws -> [ClientConnection.Event] {
        var connection = ClientConnection()
        try openAll(&connection)
        return pieces.flatMap { connection.events(after: Array($0)) }
    }

    @Test func theConversationIsWhatItIsMeantToBe() throws {
        let conversation = try Self.conversation()
        let heard = Self.heard([conversation.fromClient[...]])
        #expect(
            heard.filter { if case .call = $0 { false } else { true } } == [
                .message(stream: 5, [5, 0]), .message(stream: 7, [7, 0]),
                .message(stream: 5, [5, 0]), .message(stream: 7, []), .inputEnded(stream: 7),
                .inputEnded(stream: 5), .aborted(stream: 11),
            ])
        #expect(heard.count == 12)
        #expect(
            try Self.answered([conversation.fromServer[...]]) == [
                .message(stream: 3, [9]), .message(stream: 7, [8]), .reply(stream: 1, []),
                .message(stream: 3, []), .reply(stream: 5, [7, 7]), .ended(stream: 7),
                .failed(
                    stream: 3, Status(.aborted, "x", details: [.init(typeURL: "t/u", value: [1])])),
            ])
    }

    @Test("F2: a byte at a time") func singleBytes() throws {
        let conversation = try Self.conversation()
        let up = conversation.fromClient
        let down = conversation.fromServer
        #expect(Self.heard(up.indices.map { up[$0...$0] }) == Self.heard([up[...]]))
        #expect(
            try Self.answered(down.indices.map { down[$0...$0] }) == Self.answered([down[...]]))
    }

    @Test("F2: every cut in two") func everyCutInTwo() throws {
        let conversation = try Self.conversation()
        let (up, down) = (conversation.fromClient, conversation.fromServer)
        let (heard, answered) = (Self.heard([up[...]]), try Self.answered([down[...]]))
        for cut in 0...up.count {
            #expect(Self.heard([up[..<cut], up[cut...]]) == heard, "cut at \(cut)")
        }
        for cut in 0...down.count {
            #expect(try Self.answered([down[..<cut], down[cut...]]) == answered, "cut at \(cut)")
        }
    }

    @Test("F2: every cut in three, of each call alone", arguments: [unary, server, client, both])
    func everyCutInThree(method: Wire.Method) throws {
        var caller = ClientConnection()
        let isStreamed = [client, both].contains(method)
        let stream = try caller.open(method, isStreamed ? [] : [1])
        if isStreamed {
            try caller.send([2], on: stream)
            caller.closeInput(of: stream)
        }
        let up = caller.drainOutput().flatMap(\.self)
        let heard = Self.heard([up[...]])
        #expect(heard.count == (isStreamed ? 3 : 1))
        for first in 0...up.count {
            for second in first...up.count {
                let pieces = [up[..<first], up[first..<second], up[second...]]
                guard Self.heard(pieces) != heard else { continue }
                Issue.record("cut at \(first) and \(second)")
            }
        }
    }

    @Test("F2: every cut in three, of an answer") func everyCutOfAnAnswer() throws {
        var answerer = ServerConnection(methods: [unary, server])
        var caller = ClientConnection()
        _ = try caller.open(unary)
        _ = try caller.open(server)
        _ = answerer.events(after: caller.drainOutput().flatMap(\.self))
        answerer.send([1], on: 3)
        answerer.finish(3)
        answerer.reply([2], to: 1)
        let down = answerer.drainOutput().flatMap(\.self)
        for first in 0...down.count {
            for second in first...down.count {
                let pieces = [down[..<first], down[first..<second], down[second...]]
                let events = try Self.answered(pieces)
                guard events.count != 3 || events.last != .reply(stream: 1, [2]) else { continue }
                Issue.record("cut at \(first) and \(second): \(events)")
            }
        }
    }
}

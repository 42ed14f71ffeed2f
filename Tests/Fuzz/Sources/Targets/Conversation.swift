import Wire

/// Valid conversations, and what both sides of one must keep to.
enum Conversation {
    /// One method of each shape.
    static let methods = [
        Method("s", "u", .unary), Method("s", "o", .serverStreaming),
        Method("s", "i", .clientStreaming), Method("s", "b", .bidirectional),
    ]

    /// What a client writes that calls each of them.
    static func client() throws -> [UInt8] {
        var client = ClientConnection()
        let metadata = [Metadata(key: "k", value: "v")]
        _ = try client.open(methods[0], [1, 2], timeout: 5_000_000_000, metadata: metadata)
        let streamed = try client.open(methods[1], [3])
        for method in methods[2...] {
            let stream = try client.open(method)
            try client.send([4, 5], on: stream)
            try client.send([], on: stream)
            client.closeInput(of: stream)
        }
        client.cancel(streamed)
        return client.drainOutput().flatMap(\.self)
    }

    /// What a server answers.
    static func server() throws -> [UInt8] {
        var server = ServerConnection(methods: methods)
        let calls = try client()
        server.receive(calls.span)
        while let event = server.nextEvent() { answer(event, on: &server) }
        return server.drainOutput().flatMap(\.self)
    }

    static var bothWays: [[UInt8]] {
        get throws {
            let (client, server) = (try client(), try server())
            return [client, server]
        }
    }

    /// Answers as the payload's first byte says, so that an input decides.
    static func answer(_ event: ServerConnection.Event, on server: inout ServerConnection) {
        switch event {
        case .call(let call):
            let choice = choice(of: call.payload)
            if choice == 3 { return }
            if choice == 2 {
                let detail = Status.Detail(typeURL: "t", value: [1])
                return server.fail(call.stream, Status(.aborted, "no", details: [detail]))
            }
            end(call.stream, call.shape, call.payload, on: &server)
        case .message(let stream, let message):
            if choice(of: message) == 2 { server.fail(stream, Status(.notFound, "none")) }
        case .inputEnded, .aborted: break
        }
    }

    private static func choice(of message: [UInt8]) -> UInt8 {
        message.isEmpty ? 0 : message[0] % 4
    }

    private static func end(
        _ stream: UInt32, _ shape: MethodShape, _ message: [UInt8],
        on server: inout ServerConnection
    ) {
        switch shape {
        case .unary, .clientStreaming: server.reply(message, to: stream)
        case .serverStreaming, .bidirectional:
            server.send(message, on: stream)
            server.send([], on: stream)
            server.finish(stream)
        }
    }

    /// The frames of an output, which must be whole and none too long.
    static func frames(_ output: [[UInt8]]) -> [Frame] {
        let (items, ending) = framesAtOnce(output.flatMap(\.self))
        expect(ending == .between, "the output ends \(ending)")
        return items.map { item in
            guard case .frame(let frame) = item else { finding("the output has \(item)") }
            return frame
        }
    }
}

import Wire

extension Target {
    /// A server may send anything, while a client goes on calling.
    static let client = Target(
        "client", heap: HeapBound(each: 400, fixed: 512 << 10),
        seeds: { [try Conversation.server() + Array(repeating: 0, count: 12)] }
    ) { bytes in
        var input = Input(bytes)
        let actions = input.bytes(8)
        let pieces = input.pieces()
        let log = play(pieces, actions)
        checkRequests(log.output)
        guard actions.allSatisfy({ $0 & 0x0f == 0 }) else { return }
        let whole = play([Array(input.bytes)], [])
        expect(log.events == whole.events, "\(log.events) in pieces, \(whole.events) at once")
        expect(log.isFinished == whole.isFinished, "finished in pieces: \(log.isFinished)")
    }
}

private struct ClientLog {
    var events: [ClientConnection.Event] = []
    var output: [[UInt8]] = []
    var isFinished = false
}

/// Reads the pieces, with one action of the client after each.
private func play(_ pieces: [[UInt8]], _ actions: [UInt8]) -> ClientLog {
    var client = ClientConnection()
    var log = ClientLog()
    var open: [UInt32: MethodShape] = [:]
    func call(_ method: Method, _ client: inout ClientConnection) {
        let stream: UInt32
        do { stream = try client.open(method) } catch {
            return expect(client.isFinished, "\(error) on a connection that lives")
        }
        open[stream] = method.shape
    }
    for method in Conversation.methods { call(method, &client) }
    for (index, piece) in pieces.enumerated() {
        client.receive(piece.span)
        while let event = client.nextEvent() {
            log.events.append(event)
            note(event, in: &open)
        }
        log.output += client.drainOutput()
        let action = index < actions.count ? actions[index] : 0
        let stream = UInt32(action >> 4) * 2 + 1
        switch action & 0x0f {
        case 1: call(Conversation.methods[Int(action >> 4) % 4], &client)
        case 2: try? client.send([action], on: stream)
        case 3: client.closeInput(of: stream)
        case 4:
            client.cancel(stream)
            open[stream] = nil
        case 5: client.disconnected(Status(.unavailable, "gone"))
        default: break
        }
    }
    while let event = client.nextEvent() { note(event, in: &open) }
    log.output += client.drainOutput()
    log.isFinished = client.isFinished
    expect(!client.isFinished || client.isIdle, "calls wait on a finished connection")
    return log
}

/// Events come for open calls alone, of their shape, and none after the last.
private func note(_ event: ClientConnection.Event, in open: inout [UInt32: MethodShape]) {
    let streams: [MethodShape] = [.serverStreaming, .bidirectional]
    switch event {
    case .message(let stream, _):
        expect(open[stream].map(streams.contains) == true, "\(event) for stream \(stream)")
    case .ended(let stream):
        expect(open.removeValue(forKey: stream).map(streams.contains) == true, "\(event)")
    case .reply(let stream, _):
        expect(open.removeValue(forKey: stream).map(streams.contains) == false, "\(event)")
    case .failed(let stream, _):
        expect(open.removeValue(forKey: stream) != nil, "\(event) of a call that is over")
    }
}

/// Data only for what was opened for it, and not after its end.
private func checkRequests(_ output: [[UInt8]]) {
    var takesData: [UInt32: Bool] = [:]
    for frame in Conversation.frames(output) {
        switch frame.kind {
        case .request:
            expect(takesData[frame.stream] == nil, "stream \(frame.stream) opened twice")
            expect((try? RequestEnvelope(frame.payload)) != nil, "\(frame) is no request")
            takesData[frame.stream] = frame.flags.contains(.remoteOpen)
        case .data:
            expect(takesData[frame.stream] == true, "\(frame)")
            if frame.flags.contains(.remoteClosed) { takesData[frame.stream] = false }
        case .cancel: takesData[frame.stream] = false
        default: finding("\(frame) to a server")
        }
    }
}

import Wire

extension Target {
    /// A client may send anything: the events are those of a well-formed conversation, and so is
    /// what is answered.
    static let server = Target(
        "server", heap: HeapBound(each: 400, fixed: 512 << 10),
        seeds: {
            [try Conversation.client() + [0, 3, 2, 4, 0], try Conversation.client() + [0, 1]]
        }
    ) { bytes in
        var input = Input(bytes)
        let answers = input.byte() & 1 == 1
        let pieces = input.pieces()
        let log = play(pieces, answers: answers)
        checkAnswers(log.output)
        guard !answers else { return }
        checkEvents(log.events)
        let whole = play([Array(input.bytes)], answers: false)
        expect(log.events == whole.events, "\(log.events) in pieces, \(whole.events) at once")
        expect(
            log.output.flatMap(\.self) == whole.output.flatMap(\.self),
            "\(log.output) in pieces, \(whole.output) at once")
    }
}

private struct ServerLog {
    var events: [ServerConnection.Event] = []
    var output: [[UInt8]] = []
}

private func play(_ pieces: [[UInt8]], answers: Bool) -> ServerLog {
    var limits = ServerConnection.Limits()
    limits.activeStreams = 4
    var server = ServerConnection(methods: Conversation.methods, limits: limits)
    var log = ServerLog()
    for piece in pieces {
        server.receive(piece.span)
        while let event = server.nextEvent() {
            log.events.append(event)
            if answers { Conversation.answer(event, on: &server) }
        }
        log.output += server.drainOutput()
        expect(server.activeStreams.count <= 4, "\(server.activeStreams.count) calls, limit 4")
    }
    return log
}

/// What a handler relies on, as long as it does not answer itself.
private func checkEvents(_ events: [ServerConnection.Event]) {
    var open: [UInt32: (shape: MethodShape, takesInput: Bool)] = [:]
    for event in events {
        switch event {
        case .call(let call):
            expect(call.stream % 2 == 1 && open[call.stream] == nil, "\(call) on a used id")
            let takesInput = call.shape == .clientStreaming || call.shape == .bidirectional
            expect(!takesInput || call.payload.isEmpty, "\(call) has a payload and a stream")
            expect(call.timeout.map { $0 > .zero && $0 <= .seconds(86_400) } ?? true, "\(call)")
            open[call.stream] = (call.shape, takesInput)
        case .message(let stream, _):
            expect(open[stream]?.takesInput == true, "a message for stream \(stream)")
        case .inputEnded(let stream):
            expect(open[stream]?.takesInput == true, "an end of stream \(stream)")
            open[stream]?.takesInput = false
        case .aborted(let stream):
            expect(open.removeValue(forKey: stream) != nil, "stream \(stream) aborted twice")
        }
    }
}

/// Answers are data and responses, and after a call has succeeded there are only refusals.
private func checkAnswers(_ output: [[UInt8]]) {
    var ended: Set<UInt32> = []
    for frame in Conversation.frames(output) {
        let isRefusal: Bool
        switch frame.kind {
        case .data:
            isRefusal = false
            if frame.flags.contains(.remoteClosed) {
                expect(frame.payload.isEmpty && frame.flags.contains(.noData), "\(frame)")
            }
        case .response:
            guard let response = try? ResponseEnvelope(frame.payload) else {
                finding("\(frame) is no response")
            }
            isRefusal = response.status != nil
        default: finding("\(frame) to a client")
        }
        expect(isRefusal || !ended.contains(frame.stream), "\(frame) after the end")
        // A refusal may come before the call of the same id: data for a call that is not open yet.
        let isEnd = frame.kind == .response ? !isRefusal : frame.flags.contains(.remoteClosed)
        if isEnd { ended.insert(frame.stream) }
    }
}

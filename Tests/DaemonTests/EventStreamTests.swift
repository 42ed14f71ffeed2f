import Synchronization
import Testing
import Wire

@testable import VokenClient

/// What a stream tells of a call that a test answers.
private final class FakeCall: Sendable {
    let queue = AnswerQueue()
    private let errors = Mutex<[ClientError]>([])

    /// Why the call was given up, each time.
    var abandoned: [ClientError] { errors.withLock { $0 } }

    func stream(
        joined: @escaping @Sendable (SwapEvent) throws(ClientError) -> SwapEvent? = { $0 }
    ) -> EventStream<SwapEvent> {
        EventStream(of: "swap", queue, joined: joined) { error in
            self.errors.withLock { $0.append(error) }
            _ = self.queue.put(.failed(error))
        }
    }

    func answer(_ events: SwapEvent...) {
        for event in events { _ = queue.put(.message(event.bytes)) }
    }
}

extension SwapEvent {
    fileprivate static func phase(_ seq: UInt64) -> SwapEvent {
        let phase = Phase(name: "load", stage: "stage.unet", detail: "", microseconds: 5)
        return SwapEvent(seq: seq, generation: 1, kind: .phase(phase))
    }

    fileprivate static func failed(_ seq: UInt64) -> SwapEvent {
        let failure = Failed(phase: "load", code: "host", message: "m", stage: "stage.unet")
        return SwapEvent(seq: seq, generation: 1, kind: .failed(failure))
    }
}

struct EventStreamTests {
    private let call = FakeCall()

    @Test func eventsComeInOrderUntilTheLast() throws {
        let stream = call.stream()
        call.answer(.phase(1), .phase(2), .failed(3), .phase(4))
        #expect(try stream.next() == .phase(1))
        #expect(try stream.next() == .phase(2))
        #expect(try stream.next() == .failed(3))
        #expect(try stream.next() == nil)
    }

    @Test func asynchronousIterationSeesTheSame() async throws {
        let stream = call.stream()
        call.answer(.phase(1), .phase(2), .failed(3))
        var seqs: [UInt64] = []
        for try await event in stream { seqs.append(event.seq) }
        #expect(seqs == [1, 2, 3])
        for try await event in stream { Issue.record("\(event) after the last") }
    }

    @Test func hiddenEventsAreLeftOut() throws {
        let stream = call.stream { $0.seq % 2 == 0 ? $0 : nil }
        call.answer(.phase(1), .phase(2), .phase(3), .failed(4))
        #expect(try stream.next()?.seq == 2)
        #expect(try stream.next()?.seq == 4)
        #expect(try stream.next() == nil)
    }

    @Test func refusalIsThrownOnce() throws {
        let stream = call.stream()
        let refusal = ClientError(Status(.failedPrecondition, "unet: hidden is 64, not 32"))
        _ = call.queue.put(.failed(refusal))
        #expect(throws: refusal) { try stream.next() }
        #expect(try stream.next() == nil)
    }

    @Test func endWithoutALastEventIsAnError() throws {
        let stream = call.stream()
        call.answer(.phase(1))
        _ = call.queue.put(.ended)
        #expect(try stream.next() == .phase(1))
        let error = #expect(throws: ClientError.self) { try stream.next() }
        #expect(error?.code == .malformed)
        #expect(try stream.next() == nil)
    }

    /// Otherwise the rest of the answer would pile up where nobody reads it.
    @Test func malformedEventGivesUpTheCall() throws {
        do {
            let stream = call.stream()
            _ = call.queue.put(.message([0xff, 0xff]))
            let error = #expect(throws: ClientError.self) { try stream.next() }
            #expect(error?.code == .malformed)
            #expect(call.abandoned == [error].compactMap(\.self))
            #expect(try stream.next() == nil)
        }
        #expect(call.abandoned.count == 1)
    }

    @Test func cancelledStreamThrowsAndGivesUpTheCall() throws {
        let stream = call.stream()
        stream.cancel()
        let error = #expect(throws: ClientError.self) { try stream.next() }
        #expect(error?.status?.code == .cancelled)
        #expect(call.abandoned.first == error)
        #expect(try stream.next() == nil)
    }

    @Test(arguments: [false, true]) func droppedStreamGivesUpTheCallUnlessOver(isOver: Bool) throws
    {
        do {
            let stream = call.stream()
            call.answer(.phase(1), .failed(2))
            _ = try stream.next()
            if isOver { _ = try stream.next() }
        }
        #expect(call.abandoned.count == (isOver ? 0 : 1))
    }

    @Test(.timeLimit(.minutes(1))) func cancelledTaskEndsTheIteration() async throws {
        let stream = call.stream()
        let task = Task { for try await _ in stream {} }
        task.cancel()
        let error = await #expect(throws: ClientError.self) { try await task.value }
        #expect(error?.status?.code == .cancelled)
    }
}

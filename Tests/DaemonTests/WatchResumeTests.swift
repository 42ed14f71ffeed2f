import Testing
import VokenClient
import Wire

/// A job that is watched over connections that are lost.
struct WatchResumeTests {
    private func event(_ seq: UInt64, _ kind: Event.Kind) -> Event {
        Event(seq: seq, job: "job-1", generation: 1, kind: kind)
    }

    private var story: [Event] {
        (1...9).map { event($0, .text("\($0)")) }
            + [
                event(10, .imageChunk(index: 1, data: [1])),
                event(11, .imageChunk(index: 1, data: [2])),
                event(
                    12,
                    .imageDone(
                        .init(index: 1, width: 1, height: 1, png: [3], sha256: "", recipe: []))),
                event(13, .finished(.init(scenes: 1, images: 1, tokens: 9, milliseconds: 1))),
            ]
    }

    private var expected: [Event] {
        story.filter { $0.seq < 10 }
            + [
                event(
                    12,
                    .imageDone(
                        .init(
                            index: 1, width: 1, height: 1, png: [1, 2, 3], sha256: "",
                            recipe: []))), story[12],
            ]
    }

    @Test(arguments: [1, 2, 5, 100]) func storyHasNoGapAndNoRepetition(perConnection: Int) throws {
        let daemon = try LosingDaemon(story, perConnection: perConnection)
        let client = try Client.connect(path: daemon.path)
        #expect(try client.watch(job: "job-1").all() == expected)
        let froms = try daemon.requests.map { try WatchRequest($0.payload).fromSeq }
        // It may ask for what lies unread as it reconnects, but never for less than it has taken.
        #expect(froms.first == 1 && froms == froms.sorted())
        #expect(froms.count >= (13 + perConnection - 1) / perConnection)
    }

    @Test func whatComesTwiceIsTakenOnce() throws {
        let daemon = try LosingDaemon(story, perConnection: 3, repeats: true)
        let client = try Client.connect(path: daemon.path)
        #expect(try client.watch(job: "job-1").all() == expected)
    }

    @Test func itBeginsWhereItIsToldTo() throws {
        let daemon = try LosingDaemon(story, perConnection: 4)
        let client = try Client.connect(path: daemon.path)
        #expect(try client.watch(job: "job-1", fromSeq: 8).all() == Array(expected.dropFirst(7)))
    }

    @Test func asynchronousIterationGoesOnToo() async throws {
        let daemon = try LosingDaemon(story, perConnection: 2)
        let stream = try Client.connect(path: daemon.path).watch(job: "job-1")
        var read: [Event] = []
        for try await event in stream { read.append(event) }
        #expect(read == expected)
    }

    /// A daemon that never gets on is not asked for ever.
    @Test func itEndsWhereNothingComes() throws {
        let daemon = try LosingDaemon(story, perConnection: 0)
        let stream = try Client.connect(path: daemon.path).watch(job: "job-1")
        let error = #expect(throws: ClientError.self) { try stream.next() }
        #expect(error?.status?.code == .unavailable)
        #expect(daemon.requests.count == 4)
        #expect(try stream.next() == nil)
    }

    @Test func jobThatIsGoneEndsIt() throws {
        let gone = Status(.notFound, "no job job-1", reason: "not_found")
        let server = try ScriptedServer([.watch]) { _ in .init(end: .fail(gone)) }
        let stream = try Client.connect(path: server.path).watch(job: "job-1")
        let error = #expect(throws: ClientError.self) { try stream.next() }
        #expect(error?.reason == "not_found")
        #expect(server.calls.count == 1)
    }
}

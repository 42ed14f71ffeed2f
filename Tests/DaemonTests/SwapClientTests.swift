import Dispatch
import Testing
import VokenClient
import Wire

/// The client's side of what replaces what serves.
struct SwapClientTests {
    private static let methods: [Wire.Method] = [
        .listGenerations, .swap, .apply, .rollback, .upgrade, .version,
    ]

    private let swap = SwapRequest(
        kind: "unet", plugin: "/lib/libU.so", options: #"{"a": 1}"#, drain: DrainPolicy(timeout: 5))

    private let swapEvents = [
        SwapEvent(
            seq: 1, generation: 1,
            kind: .change(.init(key: "stage.unet.implementation", before: "\"a\"", after: "\"b\""))),
        SwapEvent(
            seq: 2, generation: 2,
            kind: .committed(.init(generation: 2, previous: 1, microseconds: 9, holders: 1))),
        SwapEvent(
            seq: 3, generation: 2,
            kind: .finished(
                .init(
                    committed: true, drained: true, drainMilliseconds: 4, returnedPrivate: 5,
                    returnedMapped: 6, residentBytes: 7, holders: [], kept: false))),
    ]

    private let failure = SwapEvent.Failed(
        phase: "load", code: "incompatible", message: "built against another Kit: rebuild it",
        stage: "stage.unet")

    private func all<Event>(_ stream: EventStream<Event>) throws -> [Event] {
        var events: [Event] = []
        while let event = try stream.next() { events.append(event) }
        return events
    }

    /// Answers all with the same messages and end; `Version`, which tells that the connection
    /// lives, with a version.
    private func server(
        _ messages: [[UInt8]], _ end: ScriptedServer.End = .finish,
        _ methods: [Wire.Method] = methods
    ) throws -> ScriptedServer {
        try ScriptedServer(methods) { call in
            guard call.method != Method.version.name else {
                let version = VersionReply(version: "9", protocol: 1)
                return ScriptedServer.Answer(end: .reply(version.bytes))
            }
            return ScriptedServer.Answer(messages: messages, end: end)
        }
    }

    @Test func requestsArriveAndEventsComeBack() throws {
        let server = try server(swapEvents.map(\.bytes))
        let client = try Client.connect(path: server.path)
        let apply = ApplyRequest(text: "name = \"p\"", path: "/etc/p.toml", dryRun: true)
        let rollback = RollbackRequest(generation: 3)
        #expect(try all(client.swap(swap)) == swapEvents)
        #expect(try all(client.apply(apply)) == swapEvents)
        #expect(try all(client.rollback(rollback)) == swapEvents)
        let calls = server.calls
        #expect(calls.map(\.service) == Array(repeating: "voken.v1.Pipeline", count: 3))
        #expect(calls.map(\.method) == ["Swap", "Apply", "Rollback"])
        #expect(calls.map(\.timeout) == [nil, nil, nil])
        #expect(calls.map(\.payload) == [swap.bytes, apply.bytes, rollback.bytes])
    }

    @Test func upgradeIsFollowedToItsEnd() throws {
        let events = [
            UpgradeEvent(
                seq: 1,
                kind: .phase(.init(name: "check", stage: "", detail: "0.2", microseconds: 8))),
            UpgradeEvent(seq: 2, kind: .upgraded(.init(pid: 77, version: "0.2"))),
        ]
        let server = try server(events.map(\.bytes))
        let request = UpgradeRequest(program: "/usr/bin/vokend")
        #expect(try all(Client.connect(path: server.path).upgrade(request)) == events)
        #expect(server.calls.map(\.service) == ["voken.v1.Admin"])
        #expect(server.calls.map(\.payload) == [request.bytes])
    }

    @Test func generationsAreListed() throws {
        let generation = GenerationInfo(
            number: 2, state: .serving,
            holders: [Holder(job: "j-1", generation: 2, position: "waiting")], stages: [],
            ownBytes: 3)
        let reply = ListGenerationsReply(generations: [generation])
        let server = try server([], .reply(reply.bytes))
        #expect(try Client.connect(path: server.path).generations() == [generation])
    }

    /// The event tells all; the status after it is for clients that look at nothing else.
    @Test func failureIsTheLastEventAndNotThrown() throws {
        let event = SwapEvent(seq: 1, generation: 1, kind: .failed(failure))
        let status = Status(.failedPrecondition, failure.message)
        let server = try server([event.bytes], .fail(status))
        let client = try Client.connect(path: server.path)
        #expect(try all(client.swap(swap)) == [event])
        #expect(try client.version().version == "9")
    }

    @Test func refusalIsThrown() throws {
        let status = Status(.invalidArgument, "kind is \"unett\": did you mean \"unet\"?")
        let server = try server([], .fail(status))
        let stream = try Client.connect(path: server.path).swap(swap)
        let error = #expect(throws: ClientError.self) { try stream.next() }
        #expect(error?.code == .refused && error?.status == status)
        #expect(try stream.next() == nil)
    }

    @Test func olderDaemonRefuses() throws {
        let server = try server([], .finish, [.version])
        let client = try Client.connect(path: server.path)
        let calls: [() throws -> Void] = [
            { _ = try client.swap(swap).next() },
            { _ = try client.apply(ApplyRequest(text: "", path: "/p")).next() },
            { _ = try client.rollback(RollbackRequest()).next() },
            { _ = try client.upgrade(UpgradeRequest()).next() },
            { _ = try client.generations() },
        ]
        for call in calls {
            let error = #expect(throws: ClientError.self) { try call() }
            #expect(error?.code == .refused && error?.status?.code == .unimplemented)
        }
        #expect(try client.version().version == "9")
    }

    @Test func droppedStreamGivesUpItsCall() throws {
        let server = try server([swapEvents[0].bytes], .none)
        let client = try Client.connect(path: server.path)
        for _ in 0..<100 {
            #expect(try client.swap(swap).next() == swapEvents[0])
            try #require(server.aborts.wait(timeout: .now() + 20) == .success)
        }
        // Over what a connection may have open at a time: each was closed at the server, too.
        #expect(server.aborted == server.calls.map(\.stream))
        #expect(try client.version().version == "9")
    }
}

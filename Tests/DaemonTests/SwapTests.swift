import Checkpoints
import Daemon
import EventLoop
import Pipelines
import Testing
import VokenClient
import Wire

/// Swaps over a real socket, by a fake engine.
@Suite struct SwapTests {
    private func kinds(
        _ stream: EventStream<Wire.SwapEvent>
    ) throws -> [Wire.SwapEvent.Kind] {
        var events: [Wire.SwapEvent] = []
        while let event = try stream.next() { events.append(event) }
        #expect(events.map(\.seq) == Array(1...UInt64(events.count)))
        #expect(events.allSatisfy { $0.generation == 3 })
        return events.map(\.kind)
    }

    @Test func aSwapIsAStreamOfEvents() throws {
        let server = try TestServer()
        let events = try kinds(
            server.connect().swap(
                SwapRequest(
                    kind: "unet", plugin: "/lib/libX.so", weights: "/models/x",
                    options: #"{"a": 1, "b": "c"}"#, fresh: true,
                    drain: Wire.DrainPolicy(timeout: 5_000_000, cancel: true))))
        #expect(
            events == [
                .change(.init(key: "stage.unet.model", before: "\"a\"", after: "")),
                .phase(
                    .init(
                        name: "probe", stage: "stage.unet", detail: "checked", microseconds: 1500)),
                .committed(.init(generation: 4, previous: 3, microseconds: 7, holders: 1)),
                events.last,
            ])
        guard case .finished(let result) = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect(result.committed && result.drained && result.returnedPrivate == 17)
        #expect(result.residentBytes > 1 << 20)
        #expect(result.holders == [Wire.Holder(job: "job-1", generation: 3, position: "waiting")])
        let (order, drain) = try #require(server.backend.swaps.first)
        #expect(
            order
                == .change(
                    StageChange(
                        .unet, plugin: "/lib/libX.so", weights: "/models/x",
                        options: ["a": .integer(1), "b": .string("c")], isFresh: true)))
        #expect(drain == Pipelines.DrainPolicy(timeout: .milliseconds(5), cancels: true))
    }

    @Test func applyAndRollback() throws {
        let server = try TestServer()
        let client = try server.connect()
        _ = try kinds(client.apply(ApplyRequest(text: "x = 1", path: "/a.toml", dryRun: true)))
        let events = try kinds(client.rollback(RollbackRequest(generation: 9)))
        #expect(
            events.last
                == .failed(
                    .init(
                        phase: "request", code: "not_kept", message: "generation 9 is not kept",
                        stage: "")))
        #expect(
            server.backend.swaps.map(\.0).prefix(2) == [
                .apply(text: "x = 1", path: "/a.toml", isDryRun: true), .rollback(to: 9),
            ])
        #expect(server.backend.swaps[0].1 == Pipelines.DrainPolicy(timeout: .seconds(60)))
    }

    /// What cannot be understood is refused before the engine hears of it.
    @Test(arguments: [
        (SwapRequest(kind: "unett"), "there is no stage \"unett\""),
        (SwapRequest(kind: "unet", plugin: "./libX.so"), "plugin ./libX.so is not absolute"),
        (SwapRequest(kind: "unet", weights: "x"), "weights x is not absolute"),
        (SwapRequest(kind: "unet", options: "{"), "options"),
    ])
    func badRequests(_ request: SwapRequest, _ message: String) throws {
        let server = try TestServer()
        let events = try kinds(server.connect().swap(request))
        #expect(try server.connect().status().lastFailure?.code == "invalid")
        guard case .failed(let failed)? = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(events.count == 1 && failed.code == "invalid" && failed.phase == "request")
        #expect(failed.message.contains(message), "\(failed.message)")
        #expect(server.backend.swaps.isEmpty)
    }

    @Test func aDaemonThatShutsDownSwapsNothing() throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        let story = try client.generate(GenerateRequest(prompt: "x"))
        _ = try story.next()
        server.server.drain()
        let error = #expect(throws: ClientError.self) {
            let stream = try client.swap(SwapRequest(kind: "unet"))
            while try stream.next() != nil {}
        }
        #expect(error?.status?.code == .unavailable)
        #expect(server.backend.swaps.isEmpty)
    }
}

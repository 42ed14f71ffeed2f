import Daemon
import EventLoop
import Foundation
import Glibc
import Testing
import VokenClient
import Wire

/// Callers for whom there is no room.
struct ConnectionLimitTests {
    private func server(
        connections: Int, _ change: (inout ConnectionLimits) -> Void = { _ in }
    ) throws -> TestServer {
        try TestServer {
            $0.limits.connections = connections
            change(&$0.limits)
        }
    }

    @Test func callerOverTheLimitIsToldSo() throws {
        let server = try server(connections: 2)
        let clients = try (0..<2).map { _ in try server.connect() }
        for client in clients { #expect(try client.isServing()) }
        let error = #expect(throws: ClientError.self) {
            _ = try server.connect().isServing()
        }
        #expect(error?.status?.code == .unavailable)
        #expect(error?.status?.reason == "too_many_connections")
        // Whoever is connected is served all the same, and a place that is left is taken.
        #expect(try clients[0].status().connections == 2)
        withExtendedLifetime(clients) {}
    }

    @Test func placeThatIsLeftIsTaken() throws {
        let server = try server(connections: 1)
        for _ in 0..<5 {
            let raw = try RawSocket(server.path)
            raw.write(call(1))
            #expect(try answer(raw)?.status == nil)
            #expect(throws: ClientError.self) { _ = try server.connect().isServing() }
            raw.halfClose()
            #expect(raw.read() == [])
        }
    }

    /// Each frame that can be answered is, whatever it says; then the connection is closed.
    @Test func refusalIsAnAnswerToTheFirstCalls() throws {
        let server = try server(connections: 1)
        let first = try server.connect()
        #expect(try first.isServing())
        let raw = try RawSocket(server.path)
        raw.write(call(5) + call(7))
        var decoder = FrameDecoder()
        var streams: [UInt32] = []
        while let bytes = raw.read(), !bytes.isEmpty {
            var position = 0
            while case .frame(let frame)? = try decoder.next(bytes.span, from: &position) {
                streams.append(frame.stream)
                #expect(try ResponseEnvelope(frame.payload).status?.code == .unavailable)
            }
        }
        #expect(streams == [5, 7])
        let unknown = try RawSocket(server.path)
        unknown.write(call(1, "NoSuch"))
        #expect(try answer(unknown)?.status?.code == .unimplemented)
        #expect(unknown.read() == [])
    }

    @Test func refusedCallerWhoSaysNothingIsClosedInTime() throws {
        let server = try server(connections: 1) { $0.refusal = .milliseconds(50) }
        let first = try server.connect()
        #expect(try first.isServing())
        for words in [[], [0, 0, 0]] as [[UInt8]] {
            let raw = try RawSocket(server.path)
            raw.write(words)
            #expect(raw.read() == [], "closed, not silent for ever")
        }
        withExtendedLifetime(first) {}
    }

    @Test func crowdThatIsRefusedIsBoundedItself() throws {
        let server = try server(connections: 1) {
            $0.refusals = 3
            $0.refusal = .seconds(1000)
        }
        let first = try server.connect()
        #expect(try first.isServing())
        let waiting = try (0..<3).map { _ in try RawSocket(server.path) }
        for _ in 0..<20 { #expect(try RawSocket(server.path).read() == [], "cut off at once") }
        for raw in waiting {
            raw.write(call(1))
            #expect(try answer(raw)?.status?.code == .unavailable)
        }
        #expect(try first.isServing())
        // A server that stops does not wait for those who are left.
        let silent = try RawSocket(server.path)
        server.server.drain()
        server.server.waitUntilStopped()
        withExtendedLifetime((silent, first)) {}
    }

    @Test func bytesThatWaitOnAllConnectionsAreBounded() throws {
        let server = try TestServer(.tell(imageCount: 3_000_000)) { $0.limits.output = 7_000_000 }
        // Three who ask and do not read: 9 MB would wait.
        let silent = try (0..<3).map { _ in try RawSocket(server.path) }
        for raw in silent {
            raw.write(call(1, "Generate", GenerateRequest(prompt: "p").bytes))
        }
        let client = try server.connect()
        #expect(server.wait { (try? client.status().connections) == 3 }, "one is closed")
        server.backend.become(.tell(imageCount: 1000))
        #expect(try client.generate(GenerateRequest(prompt: "p")).all().last?.isEnd == true)
        withExtendedLifetime(silent) {}
    }

    // MARK: Helpers

    private func call(
        _ stream: UInt32, _ method: String = "ListJobs", _ payload: [UInt8] = []
    ) -> [UInt8] {
        let envelope = RequestEnvelope(
            service: "voken.v1.Generation", method: method, payload: payload)
        return Frame(.request, stream: stream, payload: envelope.bytes).bytes
    }

    private func answer(_ raw: RawSocket) throws -> ResponseEnvelope? {
        var decoder = FrameDecoder()
        while let bytes = raw.read(), !bytes.isEmpty {
            var position = 0
            if case .frame(let frame)? = try decoder.next(bytes.span, from: &position) {
                return try ResponseEnvelope(frame.payload)
            }
        }
        return nil
    }
}

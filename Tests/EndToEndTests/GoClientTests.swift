import TestSupport
import Testing

private let isBuilt = ConditionTrait.enabled(if: GoPeer.isBuilt, "\(GoPeer.remedy)")

/// Clients that know of the daemon nothing but its .proto files.
@Suite("Interop: Go's client and the daemon", isBuilt)
struct GoClientTests {
    private func run(_ peer: GoPeer, _ names: [String]) throws {
        let served = try ServedPipeline()
        for name in names { try peer.run("test", served.daemon.socket.path, name) }
        let status = served.daemon.stop().status
        #expect(status == 0)
    }

    @Test("Go 1.2.4")
    func withStreams() throws {
        try run(
            .withStreams,
            [
                "voken_version", "voken_status", "voken_health", "voken_cancel_unknown",
                "voken_submit_and_poll", "voken_submit_cancel", "voken_generate",
                "voken_generate_and_cancel", "voken_generate_bad_request",
            ])
    }

    @Test("Go 1.1.1, which has no streams")
    func withoutStreams() throws {
        try run(
            .withoutStreams,
            [
                "voken_version", "voken_status", "voken_health", "voken_cancel_unknown",
                "voken_submit_and_poll", "voken_submit_cancel",
            ])
    }
}

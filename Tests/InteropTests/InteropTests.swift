import Dispatch
import TestSupport
import Testing
import Wire

@Suite("Interop: a Swift client and a Swift server")
struct SwiftToSwiftTests {
    @Test(arguments: InteropCase.allCases) func runs(_ interopCase: InteropCase) throws {
        let server = try TestServer()
        try interopCase.run(try Caller(path: server.path))
    }

    /// Our frame for it, which Go's servers ignore.
    @Test func aCancelReachesTheServer() throws {
        let server = try TestServer()
        let caller = try Caller(path: server.path)
        let call = try caller.open(TestMethods.fullDuplexCall)
        call.cancel()
        #expect(server.aborts.wait(timeout: .now() + 10) == .success)
        try caller.emptyUnary()
    }

    @Test func aDisconnectReachesTheServerAndTheCaller() throws {
        let server = try TestServer()
        let caller = try Caller(path: server.path)
        let call = try caller.open(TestMethods.fullDuplexCall)
        try caller.emptyUnary()
        caller.disconnect()
        #expect(throws: Status(.unavailable, "the connection is closed")) {
            try call.next(Nothing.self)
        }
        #expect(server.aborts.wait(timeout: .now() + 10) == .success)
    }
}

private let isBuilt = ConditionTrait.enabled(if: GoPeer.isBuilt, "\(GoPeer.remedy)")

@Suite("Interop: a Swift client and Go's server", isBuilt)
struct SwiftToGoTests {
    @Test("Go 1.2.4", arguments: InteropCase.allCases)
    func withStreams(_ interopCase: InteropCase) throws {
        let server = try GoPeer.withStreams.serve()
        try withExtendedLifetime(server) { try interopCase.run(try Caller(path: server.path)) }
    }

    @Test("Go 1.1.1", arguments: InteropCase.withoutStreams)
    func withoutStreams(_ interopCase: InteropCase) throws {
        let server = try GoPeer.withoutStreams.serve()
        try withExtendedLifetime(server) { try interopCase.run(try Caller(path: server.path)) }
    }
}

/// Of `Tests/Interop/go`.
private enum GoCases {
    static let withoutStreams = [
        "concurrent_large_unary", "custom_metadata", "deadline_that_is_kept", "echo",
        "empty_unary", "large_unary", "largest_request_and_response", "oversize_request",
        "oversize_response", "special_status_message", "status_code_and_message",
        "timeout_on_sleeping_server", "unimplemented_method", "unimplemented_service",
    ]

    static let streams = [
        "cancel_after_begin", "cancel_after_first_response", "client_streaming", "divide_stream",
        "echo_null", "echo_null_stream", "echo_stream", "empty_payload_stream", "empty_stream",
        "many_streams_at_once", "oversize_response_of_a_stream", "ping_pong", "server_streaming",
        "status_code_and_message_of_a_stream", "sum_stream",
    ]
}

@Suite("Interop: Go's client and a Swift server", isBuilt)
struct GoToSwiftTests {
    @Test("Go 1.2.4", arguments: GoCases.withoutStreams + GoCases.streams)
    func withStreams(_ name: String) throws {
        let server = try TestServer()
        try GoPeer.withStreams.run("test", server.path, name)
    }

    @Test("Go 1.1.1", arguments: GoCases.withoutStreams)
    func withoutStreams(_ name: String) throws {
        let server = try TestServer()
        try GoPeer.withoutStreams.run("test", server.path, name)
    }

    /// None that the peers know is left out here.
    @Test func allCasesAreRun() throws {
        for (peer, names) in [
            (GoPeer.withoutStreams, GoCases.withoutStreams),
            (GoPeer.withStreams, GoCases.withoutStreams + GoCases.streams),
        ] {
            let known = try peer.run("cases").split(separator: "\n").map(String.init)
            #expect(known.filter { !$0.hasPrefix("voken_") } == names.sorted())
        }
    }
}

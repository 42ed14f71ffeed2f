import Daemon
import Foundation
import Testing
import VokenClient
import Wire

/// What a caller may do who may only generate: the daemon's own user, on the socket for that.
struct PermissionTests {
    private func server() throws -> (TestServer, String) {
        let server = try TestServer(.wait) {
            $0.generateSocket = Server.GenerateSocket(path: $0.path + "g")
        }
        return (server, server.path + "g")
    }

    @Test func administrationIsRefused() throws {
        let (server, path) = try server()
        let client = try Client.connect(path: path)
        let attempts: [() throws -> Void] = [
            { _ = try client.swap(SwapRequest(kind: "unet")).next() },
            { _ = try client.apply(ApplyRequest(text: "", path: "/x")).next() },
            { _ = try client.rollback(RollbackRequest()).next() },
            { _ = try client.upgrade(UpgradeRequest()).next() },
            { _ = try client.logs(LogsRequest(tail: 1)).next() },
            { _ = try client.setLogLevel("debug") },
            { _ = try client.validate(ValidateRequest(text: "", path: "/x")) },
            { _ = try client.implementations() },
            { _ = try client.drain() },
            { _ = try client.stop() },
        ]
        for attempt in attempts {
            let error = #expect(throws: ClientError.self) { try attempt() }
            #expect(error?.status?.code == .permissionDenied && error?.reason == "peer")
        }
        #expect(server.backend.swaps.isEmpty)
        #expect(try client.isServing())
        #expect(try client.version().version == "1.2.3")
    }

    @Test func storiesAreToldAndOnesOwnJobsSeen() throws {
        let (server, path) = try server()
        let client = try Client.connect(path: path)
        let job = try client.submit(GenerateRequest(prompt: "p")).job
        #expect(try client.jobs().map(\.job) == [job])
        #expect(try client.cancel(job: job).known)
        withExtendedLifetime(server) {}
    }
}

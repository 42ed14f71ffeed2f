import Daemon
import EventLoop
import Foundation
import Glibc
import Testing
import VokenClient

/// The two sockets of a server.
struct SocketAccessTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    private func addGenerateSocket(_ settings: inout Server.Settings, mode: UInt32 = 0o660) {
        var socket = Server.GenerateSocket(path: settings.path + "g")
        socket.mode = mode
        settings.generateSocket = socket
    }

    @Test func bothSocketsAreServedAndRemoved() throws {
        let server = try TestServer { addGenerateSocket(&$0) }
        let second = server.path + "g"
        #expect(mode(server.path) == 0o600 && mode(second) == 0o660)
        let clients = [try server.connect(), try Client.connect(path: second)]
        for client in clients { #expect(try client.isServing()) }
        #expect(try clients[0].status().connections == 2)
        for path in [server.path, second] {
            let error = #expect(throws: EventLoopError.self) {
                _ = try TestServer { $0.path = path }
            }
            #expect(error?.code == .addressInUse, "each has its own lock")
        }
        server.server.stop()
        server.server.waitUntilStopped()
        for path in [server.path, second] {
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func modeIsWhatWasAskedFor() throws {
        let server = try TestServer { addGenerateSocket(&$0, mode: 0o666) }
        #expect(mode(server.path) == 0o600 && mode(server.path + "g") == 0o666)
    }

    /// If one cannot be served, none is, and nothing stays.
    @Test func serverThatCannotServeBothServesNeither() throws {
        let folder = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "mine".write(toFile: folder + "/sg", atomically: false, encoding: .utf8)
        let error = #expect(throws: EventLoopError.self) {
            _ = try TestServer {
                $0.path = folder + "/s"
                addGenerateSocket(&$0)
            }
        }
        #expect(error?.code == .notASocket)
        #expect(!FileManager.default.fileExists(atPath: folder + "/s"))
        _ = try TestServer { $0.path = folder + "/s" }
    }

    @Test(.enabled(if: geteuid() == 0, "only root is in every group"))
    func groupThatMayGenerateFindsItsSocket() throws {
        func group(_ path: String) -> gid_t {
            var status = stat()
            unsafe lstat(path, &status)
            return status.st_gid
        }
        let policy = try AccessPolicy(administer: ["@owner"], generate: ["@owner", "%12345"])
        let one = try TestServer { $0.access = policy }
        #expect(mode(one.path) == 0o660 && group(one.path) == 12_345)
        #expect(mode(one.directory) == 0o750 && group(one.directory) == 12_345)
        // With a socket of its own, the other is for those who administer.
        let two = try TestServer {
            $0.access = policy
            addGenerateSocket(&$0)
        }
        #expect(mode(two.path) == 0o600)
        #expect(mode(two.path + "g") == 0o660 && group(two.path + "g") == 12_345)
    }

    @Test func whoMayDoNothingIsCutOffWithoutAByte() throws {
        // Everybody but root, who may always.
        let policy = try AccessPolicy(administer: [], generate: [])
        let server = try TestServer { $0.access = policy }
        let raw = try RawSocket(server.path)
        if geteuid() == 0 {
            #expect(try server.connect().isServing())
        } else {
            #expect(raw.read() == [])
        }
    }
}

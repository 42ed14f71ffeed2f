import Daemon
import EventLoop
import Foundation
import Glibc
import Testing
import VokenClient
import Wire

/// What a service manager's variables say; what comes of it is for the tests of the program.
struct ActivationTests {
    @Test func nothingIsTakenThatIsNotMeantForThisProcess() throws {
        for variables in [
            [:], ["LISTEN_FDS": "1"], ["LISTEN_FDS": "1", "LISTEN_PID": "1"],
            ["LISTEN_FDS": "1", "LISTEN_PID": ""], ["LISTEN_PID": "\(getpid())"],
            ["LISTEN_FDS": "0", "LISTEN_PID": "\(getpid())"],
        ] as [[String: String]] {
            let sockets = try ActivatedSockets { variables[$0] }
            #expect(sockets.main == nil && sockets.generate == nil)
        }
    }

    @Test(arguments: ["3", "-1", "x", "", "4294967297"])
    func countsThatCannotBeAreRefused(count: String) {
        let error = #expect(throws: EventLoopError.self) {
            _ = try ActivatedSockets {
                ["LISTEN_FDS": count, "LISTEN_PID": "\(getpid())"][$0]
            }
        }
        #expect(error?.message.contains("LISTEN_FDS") == true)
    }

    // MARK: Notification

    /// The end of a manager.
    private final class Manager {
        let descriptor: Int32
        let name: String

        init(abstract: Bool) throws {
            let path = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max)).notify"
            name = (abstract ? "@" : "") + path
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = (abstract ? [0] : []) + Array(path.utf8)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) {
                unsafe $0.copyBytes(from: bytes)
            }
            let count = 2 + bytes.count + (abstract ? 0 : 1)
            let status = unsafe withUnsafePointer(to: address) {
                unsafe bind(
                    descriptor, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self),
                    socklen_t(count))
            }
            try #require(status == 0)
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }

        deinit {
            close(descriptor)
            unsafe unlink(name)
        }

        /// The next datagram.
        func next() -> String? {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
            return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
        }

        /// Waits for one that has such a line; others are passed over.
        func waits(for line: String) -> Bool {
            for _ in 0..<100 {
                guard let text = next() else { return false }
                if text.split(separator: "\n").contains(line[...]) { return true }
            }
            return false
        }

        func notifier(_ more: [String: String] = [:], isSuccessor: Bool = false) -> ServiceManager?
        {
            let variables = more.merging(["NOTIFY_SOCKET": name]) { $1 }
            return ServiceManager(isSuccessor: isSuccessor) { variables[$0] }
        }
    }

    @Test(arguments: [true, false]) func linesReachTheManager(abstract: Bool) throws {
        let manager = try Manager(abstract: abstract)
        let notifier = try #require(manager.notifier())
        notifier.notify("READY=1", "STATUS=serving a\nMAINPID=1\u{0}")
        #expect(manager.next() == "READY=1\nSTATUS=serving a MAINPID=1 ")
        #expect(notifier.watchdog == nil)
    }

    @Test func managerThatHasGoneIsNoError() throws {
        let notifier = try #require(try Manager(abstract: false).notifier())
        notifier.notify("READY=1")
    }

    @Test(arguments: [
        "", "@", "relative", "vsock:2:1", "/" + String(repeating: "x", count: 108),
    ])
    func addressesThatCannotBeAreIgnored(address: String) {
        #expect(ServiceManager { ["NOTIFY_SOCKET": address][$0] } == nil)
    }

    @Test func watchdogIsForTheProcessThatIsMeant() throws {
        let manager = try Manager(abstract: true)
        func watchdog(_ variables: [String: String], isSuccessor: Bool = false) -> Duration? {
            manager.notifier(variables, isSuccessor: isSuccessor)?.watchdog
        }
        #expect(watchdog(["WATCHDOG_USEC": "3000000"]) == .seconds(3))
        #expect(watchdog(["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "\(getpid())"]) != nil)
        #expect(watchdog(["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"], isSuccessor: true) != nil)
        for text in ["0", "-5", "x", ""] { #expect(watchdog(["WATCHDOG_USEC": text]) == nil) }
    }

    @Test func serverTellsWhatBecomesOfIt() throws {
        let manager = try Manager(abstract: true)
        let server = try TestServer(.wait) {
            $0.manager = manager.notifier(["WATCHDOG_USEC": "20000"])
        }
        server.server.announceReady(isSuccessor: false)
        #expect(manager.waits(for: "READY=1"))
        #expect(manager.waits(for: "WATCHDOG=1") && manager.waits(for: "WATCHDOG=1"))
        let client = try server.connect()
        let story = try client.generate(.init(prompt: "p"))
        _ = try story.next()
        server.server.drain()
        #expect(manager.waits(for: "STOPPING=1"))
        #expect(manager.waits(for: "WATCHDOG=1"), "it lives while it drains")
        server.server.stop()
    }

    @Test func successorSaysWhoServes() throws {
        let manager = try Manager(abstract: true)
        let server = try TestServer { $0.manager = manager.notifier() }
        server.server.announceReady(isSuccessor: true)
        #expect(manager.next() == "MAINPID=\(getpid())")
        #expect(manager.next() == "READY=1\nSTATUS=serving fake, generation 3")
    }
}

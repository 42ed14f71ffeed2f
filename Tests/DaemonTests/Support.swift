import Daemon
import EventLoop
import Foundation
import Glibc
import Logging
import Testing
import VokenClient
import Wire

/// A server over a fake engine, on a socket in a directory of its own.
final class TestServer {
    let backend: FakeBackend
    let server: Server
    let directory: String
    var path: String { directory + "/s" }

    init(
        _ behaviour: FakeBackend.Behaviour = .tell(imageCount: 1000),
        _ change: (inout Server.Settings) -> Void = { _ in }
    ) throws {
        directory = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))"
        backend = FakeBackend(behaviour)
        var settings = Server.Settings(path: directory + "/s", version: "1.2.3")
        change(&settings)
        server = try Server(settings, backend: backend, book: LogBook(level: .critical))
    }

    deinit {
        server.stop()
        server.waitUntilStopped()
        try? FileManager.default.removeItem(atPath: directory)
    }

    func connect() throws -> Client { try Client.connect(path: path) }

    func wait(for condition: () -> Bool) -> Bool {
        for _ in 0..<2000 {
            if condition() { return true }
            usleep(5000)
        }
        return false
    }
}

/// A socket that speaks as a test wants, one blocking call at a time.
final class RawSocket {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8)
        }
        let status = unsafe withUnsafePointer(to: address) {
            unsafe Glibc.connect(
                descriptor, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        try #require(status == 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) {
        _ = unsafe send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// What comes next; empty at the end, `nil` after 20 seconds of silence.
    func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        if count < 0, errno == EAGAIN { return nil }
        return Array(bytes.prefix(max(count, 0)))
    }
}

extension Story {
    /// All events, or what is thrown.
    func all() throws -> [Event] {
        var events: [Event] = []
        while let event = try next() { events.append(event) }
        return events
    }
}

/// One listening socket for two servers, as two processes have it.
struct SharedListener {
    let descriptors: [ListenerDescriptors]

    init(_ path: String) throws {
        let loop = try Loop()
        defer { loop.stopAndWait() }
        descriptors = try loop.sync { () throws(EventLoopError) in
            let listener = try PipeListener(path: path, loop: loop) { connection, _ in
                connection.close()
            }
            let descriptors = [
                try listener.duplicateDescriptors(), try listener.duplicateDescriptors(),
            ]
            listener.handOver()
            return descriptors
        }
    }
}

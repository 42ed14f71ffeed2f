import EventLoop
import Foundation
import Synchronization
import Testing

/// A listener that sends back what it reads, with what the tests need to know of it.
private struct EchoServer {
    let loop: Loop
    let closed = Waiter<EventLoopError?>()
    let peers = Waiter<Peer>()
    let listener: LoopBound<PipeListener>

    init(_ loop: Loop, _ path: String, _ settings: PipeListener.Settings = .init()) throws {
        self.loop = loop
        listener = try loop.sync { [closed, peers] () throws(EventLoopError) in
            let listener = try PipeListener(path: path, loop: loop, settings: settings) {
                connection, peer in
                peers.put(peer)
                connection.onRead = { bytes in
                    connection.write([array(bytes)])
                }
                connection.onClose = { closed.put($0) }
                connection.start()
            }
            return LoopBound(listener, to: loop)
        }
    }
}

/// The other end, whose bytes the test's thread waits for.
private final class TestClient: Sendable {
    let loop: Loop
    let received = Waiter<[UInt8]>()
    let closed = Waiter<EventLoopError?>()
    let connection: LoopBound<PipeConnection>

    init(_ loop: Loop, _ path: String, reading: Bool = true) throws {
        self.loop = loop
        connection = try loop.sync { [received, closed] () throws(EventLoopError) in
            var limits = PipeConnection.Limits()
            limits.readsWhenBackedUp = true
            let connection = try PipeConnection.connect(to: path, loop: loop, limits: limits)
            connection.onRead = { bytes in
                received.put(array(bytes))
            }
            connection.onClose = { closed.put($0) }
            if reading { connection.start() }
            return LoopBound(connection, to: loop)
        }
    }

    func write(_ bytes: [UInt8]) {
        loop.execute { [connection] in connection.value.write([bytes]) }
    }

    func close() {
        loop.execute { [connection] in connection.value.close() }
    }

    func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, let more = received.take() { bytes += more }
        return bytes
    }
}

struct PipeTests {
    private let directory = TemporaryDirectory()

    @Test func bytesComeBack() throws {
        try withLoop { loop in
            let server = try EchoServer(loop, directory.socket)
            let client = try TestClient(loop, directory.socket)
            client.write([1, 2, 3])
            #expect(client.read(3) == [1, 2, 3])
            let peer = try #require(server.peers.take())
            #expect(peer.user == geteuid() && peer.process == getpid())
            client.close()
            #expect(server.closed.take() == .some(nil))
        }
    }

    @Test func manyBytesKeepTheirOrder() throws {
        try withLoop { loop in
            let server = try EchoServer(loop, directory.socket)
            let client = try TestClient(loop, directory.socket)
            // Over what the kernel holds, over the marks, in pieces of all sizes.
            let bytes = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
            var rest = bytes[...]
            var size = 1
            while !rest.isEmpty {
                client.write(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
                size = size * 3 % 1_000_003 + 1
            }
            let isSame = client.read(bytes.count) == bytes
            #expect(isSame)  // not in one: the macro would describe all the bytes
            withExtendedLifetime(server) {}
        }
    }

    @Test func finishWritesWhatWaits() throws {
        try withLoop { loop in
            let path = directory.socket
            let count = 3_000_000
            let listener = try loop.sync { () throws(EventLoopError) in
                let listener = try PipeListener(path: path, loop: loop) { connection, _ in
                    connection.start()
                    connection.write([[UInt8](repeating: 5, count: count)])
                    connection.finish()
                }
                return LoopBound(listener, to: loop)
            }
            let client = try TestClient(loop, path)
            #expect(client.closed.take() == .some(nil))
            var total = 0
            while let bytes = client.received.take(0.01) { total += bytes.count }
            #expect(total == count)
            withExtendedLifetime(listener) {}
        }
    }

    // MARK: Peers that go or stop

    @Test func writingToAPeerThatHasGoneIsNoSignal() throws {
        try withLoop { loop in
            let server = try EchoServer(loop, directory.socket)
            for _ in 0..<20 {
                let client = try TestClient(loop, directory.socket)
                client.write([UInt8](repeating: 1, count: 500_000))
                client.close()
                _ = server.closed.take()
            }
        }
    }

    @Test func peerThatDoesNotReadIsBackedUpThenItsCloseIsSeenAtOnce() throws {
        try withLoop { loop in
            var settings = PipeListener.Settings()
            settings.connection.highWater = 100_000
            settings.connection.lowWater = 10_000
            let server = try EchoServer(loop, directory.socket, settings)
            let client = try TestClient(loop, directory.socket, reading: false)
            // The echo goes nowhere: the server stops to read, and the rest stays here.
            client.write([UInt8](repeating: 1, count: 4_000_000))
            usleep(100_000)
            let waiting = try loop.sync { client.connection.value.queuedCount }
            #expect(waiting > 1_000_000)
            client.close()
            #expect(server.closed.take(5) == .some(nil))
        }
    }

    @Test func backedUpConnectionDrainsAndGoesOn() throws {
        try withLoop { loop in
            var settings = PipeListener.Settings()
            settings.connection.highWater = 100_000
            settings.connection.lowWater = 10_000
            let server = try EchoServer(loop, directory.socket, settings)
            let client = try TestClient(loop, directory.socket, reading: false)
            client.write([UInt8](repeating: 1, count: 4_000_000))
            usleep(50_000)
            loop.execute { client.connection.value.start() }
            #expect(client.read(4_000_000).count == 4_000_000)
            withExtendedLifetime(server) {}
        }
    }

    @Test func peerThatTakesNothingIsCutOff() throws {
        try withLoop { loop in
            var settings = PipeListener.Settings()
            settings.connection.writeStall = .milliseconds(50)
            let server = try EchoServer(loop, directory.socket, settings)
            let client = try TestClient(loop, directory.socket, reading: false)
            client.write([UInt8](repeating: 1, count: 2_000_000))
            #expect(server.closed.take()??.code == .writeStalled)
        }
    }

    @Test func tooMuchForAPeerIsCutOff() throws {
        try withLoop { loop in
            let path = directory.socket
            let closed = Waiter<EventLoopError?>()
            var settings = PipeListener.Settings()
            settings.connection.maximum = 1_000_000
            let listener = try loop.sync { [settings] () throws(EventLoopError) in
                let listener = try PipeListener(path: path, loop: loop, settings: settings) {
                    connection, _ in
                    connection.onClose = { closed.put($0) }
                    connection.start()
                    connection.write([[UInt8](repeating: 0, count: 1_000_001)])
                }
                return LoopBound(listener, to: loop)
            }
            _ = try TestClient(loop, path, reading: false)
            #expect(closed.take()??.code == .writeStalled)
            withExtendedLifetime(listener) {}
        }
    }

    /// Many connections that are each within their limits.
    @Test func longestQueueIsClosedWhenTooMuchWaitsOnAll() throws {
        try withLoop { loop in
            let path = directory.socket
            let closed = Waiter<(UInt8, EventLoopError?)>()
            let overflows = Waiter<EventLoopError>()
            let connections = Mutex<[LoopBound<PipeConnection>]>([])
            let budget = try loop.sync {
                let budget = OutputBudget(limit: 5_000_000)
                budget.onOverflow = { overflows.put($0) }
                return LoopBound(budget, to: loop)
            }
            let listener = try loop.sync { () throws(EventLoopError) in
                let listener = try PipeListener(path: path, loop: loop) { connection, _ in
                    let name = connections.withLock { connections in
                        connections.append(LoopBound(connection, to: loop))
                        return UInt8(connections.count)
                    }
                    budget.value.add(connection)
                    connection.onClose = { closed.put((name, $0)) }
                    connection.start()
                    // 2, 3 and 1 millions: the third is over what may wait in all.
                    let count = [2_000_000, 3_000_000, 1_000_000][Int(name) - 1]
                    connection.write([[UInt8](repeating: name, count: count)])
                }
                return LoopBound(listener, to: loop)
            }
            let clients = try (0..<3).map { _ in try TestClient(loop, path, reading: false) }
            let (name, reason) = try #require(closed.take())
            #expect(name == 2 && reason?.code == .writeStalled)
            #expect(overflows.take(1)?.message.contains("5000000") == true)
            #expect(closed.take(0.05) == nil, "the others stay")
            // They get all that is theirs, and nothing is counted any more then.
            for (index, count) in [(0, 2_000_000), (2, 1_000_000)] {
                loop.execute { clients[index].connection.value.start() }
                #expect(clients[index].read(count).count == count)
            }
            #expect(try loop.sync { budget.value.queuedCount } == 0)
            withExtendedLifetime(listener) {}
        }
    }

    // MARK: Who connects, and how many

    @Test func groupsOfTheCallerAreKnown() throws {
        try withLoop { loop in
            let server = try EchoServer(loop, directory.socket)
            _ = try TestClient(loop, directory.socket)
            let peer = try #require(server.peers.take())
            var groups = [gid_t](repeating: 0, count: 65_536)
            let count = unsafe getgroups(Int32(groups.count), &groups)
            #expect(Set(peer.groups) == Set(groups.prefix(Int(count))))
            #expect(peer.group == getegid() && peer.isIn(getegid()))
            for group in peer.groups { #expect(peer.isIn(group)) }
            #expect(!peer.isIn(4_000_000_000))
        }
    }

    @Test func strangersAreCutOffWithoutAByte() throws {
        try withLoop { loop in
            var settings = PipeListener.Settings()
            settings.admits = { _ in false }
            let server = try EchoServer(loop, directory.socket, settings)
            let client = try TestClient(loop, directory.socket)
            #expect(client.closed.take() == .some(nil))
            #expect(client.received.take(0.01) == nil)
            #expect(server.peers.take(0.01) == nil)
        }
    }

    /// A turn takes some; those who are left wake the loop again.
    @Test func crowdIsTakenOverSeveralTurns() throws {
        try withLoop { loop in
            var settings = PipeListener.Settings()
            settings.callersPerTurn = 3
            let server = try EchoServer(loop, directory.socket, settings)
            let clients = try (0..<20).map { _ in try TestClient(loop, directory.socket) }
            for client in clients { client.write([9]) }
            for client in clients { #expect(client.read(1) == [9]) }
            withExtendedLifetime(server) {}
        }
    }

    @Test func connectionsLeaveNothingBehind() throws {
        try withLoop { loop in
            let server = try EchoServer(loop, directory.socket)
            let files = try openFiles()
            for _ in 0..<300 {
                let client = try TestClient(loop, directory.socket)
                client.write([1])
                #expect(client.read(1) == [1])
                client.close()
                _ = server.closed.take()
            }
            #expect(try openFiles() <= files + 20, "other tests may have some open")
        }
    }

    /// The peer answers and closes while we write the next request: the answer counts.
    @Test func lastWordsAreReadThoughWritingFails() throws {
        try withLoop { serverLoop in
            let connections = Waiter<LoopBound<PipeConnection>>()
            let listener = try serverLoop.sync {
                [path = directory.socket]
                () throws(EventLoopError) in
                LoopBound(
                    try PipeListener(path: path, loop: serverLoop) { connection, _ in
                        connections.put(LoopBound(connection, to: serverLoop))
                    }, to: serverLoop)
            }
            try withLoop { loop in
                let client = try TestClient(loop, directory.socket)
                let server = try #require(connections.take())
                try loop.sync { [connection = client.connection] () throws(EventLoopError) in
                    // This thread sees what the other does only after it has written.
                    try serverLoop.sync {
                        server.value.write([[7, 8, 9]])
                        server.value.finish()
                    }
                    usleep(100_000)
                    connection.value.write([[1]])
                }
                #expect(client.read(3) == [7, 8, 9])
                #expect(client.closed.take() == .some(nil))
            }
            withExtendedLifetime(listener) {}
        }
    }
}

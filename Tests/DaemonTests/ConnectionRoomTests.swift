import EventLoop
import Glibc
import Logging
import Synchronization
import Testing

@testable import Daemon

/// Who gets a place, and what is logged of those who do not.
struct ConnectionRoomTests {
    private let owner = Peer(process: 1, user: geteuid(), group: 0)
    private let root = Peer(process: 1, user: 0, group: 0)

    private func stranger(_ number: UInt32) -> Peer {
        Peer(process: 1, user: geteuid() + 1000 + number, group: 9)
    }

    private func limits(_ connections: Int, perUser: Int = 1000) -> ConnectionLimits {
        var limits = ConnectionLimits()
        limits.connections = connections
        limits.perUser = perUser
        return limits
    }

    /// Lets in until there is no room.
    private func fill(_ room: inout ConnectionRoom, _ peer: Peer) -> Int {
        var count = 0
        while room.shortage(for: peer) == nil {
            room.enter(peer)
            count += 1
        }
        return count
    }

    @Test func placesAreKeptForTheOwnerAndRoot() {
        var room = ConnectionRoom(limits(20))
        #expect(fill(&room, stranger(1)) == 16)
        #expect(room.shortage(for: stranger(2)) == .connections)
        room.enter(root)
        #expect(fill(&room, owner) == 3)
        #expect(room.shortage(for: root) == .connections)
        room.leave(owner)
        #expect(room.shortage(for: owner) == nil && room.shortage(for: stranger(1)) != nil)
    }

    @Test(arguments: [(1, 1), (2, 1), (3, 2), (8, 4), (9, 5)])
    func fewPlacesAreNotAllKept(connections: Int, others: Int) {
        var room = ConnectionRoom(limits(connections))
        #expect(fill(&room, stranger(1)) == others)
    }

    @Test func userHasSoManyAndNoMore() {
        var room = ConnectionRoom(limits(100, perUser: 10))
        #expect(fill(&room, stranger(1)) == 10)
        #expect(room.shortage(for: stranger(1)) == .ofUser)
        #expect(fill(&room, stranger(2)) == 10)
        room.leave(stranger(1))
        #expect(fill(&room, stranger(1)) == 1)
        #expect(fill(&room, owner) == 80, "the owner has what there is")
    }

    @Test func logOfRefusalsCannotBeFilled() {
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { _ in
            LineHandler { line in lines.withLock { $0.append(line) } }
        }
        var log = RateLimitedLog(logger, interval: .seconds(10))
        let start = ContinuousClock.now
        for number in 0..<1000 {
            log.warning(
                "refused", reason: "a", "text \(number)", now: start + .milliseconds(number))
        }
        log.warning("refused", reason: "b", "other", now: start + .seconds(1))
        log.warning("refused", reason: "a", "later", now: start + .seconds(11))
        #expect(
            lines.withLock { $0 } == [
                "refused reason=text 0", "refused reason=other",
                "refused more before=999 reason=later",
            ])
    }
}

private struct LineHandler: LogHandler {
    let write: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
        write(([event.message.description] + pairs).joined(separator: " "))
    }
}

import EventLoop
import Foundation
import Synchronization
import Wire

/// A daemon of one job, which sends so many of its events over each connection and then closes it.
final class LosingDaemon: Sendable {
    private let directory = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))"
    var path: String { directory + "/s" }
    private let loop: Loop
    private let asked = Asked()

    /// - Parameters:
    ///   - events: of the job, with numbers from 1.
    ///   - perConnection: how many are sent before it is closed.
    ///   - repeats: send the event before those that are asked for, too.
    init(_ events: [Event], perConnection: Int, repeats: Bool = false) throws {
        loop = try Loop()
        try loop.sync { [asked, path, loop] () throws(EventLoopError) in
            _ = try PipeListener(path: path, loop: loop) { connection, _ in
                let calls = ServerCalls()
                connection.onRead = { [unowned connection] bytes in
                    calls.connection.receive(bytes)
                    guard case .call(let call)? = calls.connection.nextEvent() else { return }
                    asked.calls.withLock { $0.append(call) }
                    let from = (try? WatchRequest(call.payload).fromSeq) ?? 1
                    let first = max(1, repeats && from > 1 ? from - 1 : from)
                    let sent = events.filter { $0.seq >= first }.prefix(perConnection)
                    for event in sent { calls.connection.send(event.bytes, on: call.stream) }
                    connection.write(calls.connection.drainOutput())
                    connection.finish()
                }
                connection.start()
            }
        }
    }

    deinit {
        loop.stopAndWait()
        try? FileManager.default.removeItem(atPath: directory)
    }

    var requests: [Call] { asked.calls.withLock { $0 } }
}

private final class ServerCalls {
    var connection = ServerConnection(methods: [.watch, .stop, .drain])
}

private final class Asked: Sendable {
    let calls = Mutex<[Call]>([])
}

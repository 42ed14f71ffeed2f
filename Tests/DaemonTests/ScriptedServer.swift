import Dispatch
import EventLoop
import Foundation
import Synchronization
import Wire

/// A server without an engine, which answers each call as a test says.
final class ScriptedServer: Sendable {
    enum End {
        case finish
        case fail(Wire.Status)
        /// Says no more.
        case none
        case reply([UInt8])
    }

    struct Answer {
        var messages: [[UInt8]] = []
        var end = End.finish
    }

    private struct State {
        var calls: [Call] = []
        var aborted: [UInt32] = []
    }

    let path = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))/s"
    private let loop: Loop
    private let state = Mutex(State())
    /// Signalled at each call that a client gives up.
    let aborts = DispatchSemaphore(value: 0)

    init(_ methods: [Wire.Method], _ answer: @escaping @Sendable (Call) -> Answer) throws {
        let loop = try Loop()
        self.loop = loop
        try loop.sync { [path, weak self] () throws(EventLoopError) in
            _ = try PipeListener(path: path, loop: loop) { connection, _ in
                ScriptedConnection(connection, methods).serve { event, calls in
                    self?.handle(event, &calls, answer)
                }
            }
        }
    }

    deinit {
        loop.stopAndWait()
        try? FileManager.default.removeItem(atPath: String(path.dropLast(2)))
    }

    var calls: [Call] { state.withLock { $0.calls } }
    var aborted: [UInt32] { state.withLock { $0.aborted } }

    private func handle(
        _ event: ServerConnection.Event, _ calls: inout ServerConnection,
        _ answer: (Call) -> Answer
    ) {
        switch event {
        case .call(let call):
            state.withLock { $0.calls.append(call) }
            let answer = answer(call)
            for message in answer.messages { calls.send(message, on: call.stream) }
            switch answer.end {
            case .finish: calls.finish(call.stream)
            case .fail(let status): calls.fail(call.stream, status)
            case .reply(let bytes): calls.reply(bytes, to: call.stream)
            case .none: break
            }
        case .aborted(let stream):
            state.withLock { $0.aborted.append(stream) }
            aborts.signal()
        case .message, .inputEnded: break
        }
    }
}

private final class ScriptedConnection {
    private let connection: PipeConnection
    private var calls: ServerConnection

    init(_ connection: PipeConnection, _ methods: [Wire.Method]) {
        self.connection = connection
        calls = ServerConnection(methods: methods)
    }

    func serve(
        _ handle: @escaping (ServerConnection.Event, inout ServerConnection) -> Void
    ) {
        // Lives until the connection is closed, which drops its callbacks.
        connection.onRead = { [self] bytes in
            calls.receive(bytes)
            while let event = calls.nextEvent() { handle(event, &calls) }
            connection.write(calls.drainOutput())
        }
        connection.start()
    }
}

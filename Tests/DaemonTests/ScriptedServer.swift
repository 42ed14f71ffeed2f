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

    let path = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))/s"
    private let loop: Loop
    private let script: Script

    /// - Parameter answersEarly: whether calls that stream their input are answered before that has
    ///   come.
    init(
        _ methods: [Wire.Method], answersEarly: Bool = false,
        _ answer: @escaping @Sendable (Call) -> Answer
    ) throws {
        let loop = try Loop()
        self.loop = loop
        let script = Script(answersEarly: answersEarly, answer)
        self.script = script
        try loop.sync { [path] () throws(EventLoopError) in
            _ = try PipeListener(path: path, loop: loop) { connection, _ in
                ScriptedConnection(connection, methods).serve { script.handle($0, &$1) }
            }
        }
    }

    deinit {
        loop.stopAndWait()
        try? FileManager.default.removeItem(atPath: String(path.dropLast(2)))
    }

    /// Signalled at each call that a client gives up.
    var aborts: DispatchSemaphore { script.aborts }
    var calls: [Call] { script.state.withLock { $0.calls } }
    /// Of calls that stream their input.
    var messages: [[UInt8]] { script.state.withLock { $0.messages } }
    var aborted: [UInt32] { script.state.withLock { $0.aborted } }
}

/// What a server does; of its own, for the loop's thread may be the last to let go of it.
private final class Script: Sendable {
    struct State {
        var calls: [Call] = []
        var messages: [[UInt8]] = []
        var aborted: [UInt32] = []
    }

    let state = Mutex(State())
    let aborts = DispatchSemaphore(value: 0)
    private let answersEarly: Bool
    private let answer: @Sendable (Call) -> ScriptedServer.Answer

    init(answersEarly: Bool, _ answer: @escaping @Sendable (Call) -> ScriptedServer.Answer) {
        self.answersEarly = answersEarly
        self.answer = answer
    }

    func handle(_ event: ServerConnection.Event, _ calls: inout ServerConnection) {
        switch event {
        case .call(let call):
            state.withLock { $0.calls.append(call) }
            // What is to come is answered when it has.
            if call.shape == .clientStreaming, !answersEarly { return }
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
        case .message(_, let bytes):
            state.withLock { $0.messages.append(bytes) }
        case .inputEnded(let stream):
            let call = state.withLock { state in state.calls.last { $0.stream == stream } }
            if let call, case .reply(let bytes) = answer(call).end {
                calls.reply(bytes, to: stream)
            }
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

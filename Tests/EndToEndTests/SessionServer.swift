import EventLoop
import Foundation
import Images
import Synchronization
import Wire

/// The services that `voken chat` needs, without a model: an answer repeats what was said and draws
/// one picture. `hold` is not answered until it is cancelled; `fail` fails.
final class SessionServer: Sendable {
    let folder = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))"
    var path: String { folder + "/s" }
    private let loop: Loop
    private let book = SessionBook()

    init() throws {
        loop = try Loop()
        try loop.sync { [loop, path, book] () throws(EventLoopError) in
            _ = try PipeListener(path: path, loop: loop) { connection, _ in
                let calls = ServerCalls()
                connection.onRead = { [unowned connection] bytes in
                    calls.connection.receive(bytes)
                    while let event = calls.connection.nextEvent() {
                        book.handle(event, &calls.connection)
                    }
                    connection.write(calls.connection.drainOutput())
                }
                connection.start()
            }
        }
    }

    deinit {
        loop.stopAndWait()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var sessions: [String: [Turn]] {
        book.state.withLock { $0.sessions.mapValues(\.turns) }
    }

    /// What each turn was asked with, in order.
    var requests: [GenerateRequest] { book.state.withLock { $0.requests } }

    /// Whether a turn waits to be cancelled.
    var isHolding: Bool { book.state.withLock { $0.held != nil } }
}

private final class ServerCalls {
    var connection = ServerConnection(
        methods: [
            .createSession, .getSession, .listSessions, .forkSession, .truncateSession, .sendTurn,
            .exportSession, .importSession, .cancel,
        ])
}

private final class SessionBook: Sendable {
    struct Stored {
        var settings = SessionSettings()
        var turns: [Turn] = []
        var pictures: [[UInt8]] = []
    }

    struct State {
        var sessions: [String: Stored] = [:]
        var requests: [GenerateRequest] = []
        var imported: [SessionPart] = []
        /// The stream of a turn that is not answered.
        var held: UInt32?
    }

    let state = Mutex(State())

    func handle(_ event: ServerConnection.Event, _ calls: inout ServerConnection) {
        switch event {
        case .call(let call):
            do {
                try answer(call, &calls)
            } catch let status as Wire.Status {
                calls.fail(call.stream, status)
            } catch {
                calls.fail(call.stream, Status(.internal, "\(error)"))
            }
        case .message(_, let bytes):
            state.withLock { state in
                if let part = try? SessionPart(bytes) { state.imported.append(part) }
            }
        case .inputEnded(let stream): finishImport(stream, &calls)
        case .aborted: state.withLock { $0.held = nil }
        }
    }

    private func answer(_ call: Call, _ calls: inout ServerConnection) throws {
        let stream = call.stream
        switch call.method {
        case Method.createSession.name:
            let request = try CreateSessionRequest(call.payload)
            let name = request.name.isEmpty ? "s-1" : request.name
            state.withLock { $0.sessions[name] = Stored(settings: request.settings) }
            calls.reply(try info(name).bytes, to: stream)
        case Method.getSession.name:
            let name = try GetSessionRequest(call.payload).session
            let turns = state.withLock { $0.sessions[name]?.turns } ?? []
            calls.reply(SessionHistory(info: try info(name), turns: turns).bytes, to: stream)
        case Method.listSessions.name:
            let names = state.withLock { $0.sessions.keys.sorted() }
            calls.reply(ListSessionsReply(sessions: try names.map(info)).bytes, to: stream)
        case Method.forkSession.name:
            let request = try ForkSessionRequest(call.payload)
            state.withLock { $0.sessions[request.name] = $0.sessions[request.session] }
            calls.reply(try info(request.name).bytes, to: stream)
        case Method.truncateSession.name:
            let request = try TruncateSessionRequest(call.payload)
            state.withLock { state in
                let turns = state.sessions[request.session]?.turns.prefix(request.turns) ?? []
                state.sessions[request.session]?.turns = Array(turns)
            }
            calls.reply(try info(request.session).bytes, to: stream)
        case Method.exportSession.name:
            try export(ExportSessionRequest(call.payload).session, stream, &calls)
        case Method.sendTurn.name: try turn(SendRequest(call.payload), stream, &calls)
        case Method.cancel.name: try cancel(CancelRequest(call.payload), stream, &calls)
        default: break  // an import, answered when all of it has come
        }
    }

    private func info(_ name: String) throws -> SessionInfo {
        guard let session = state.withLock({ $0.sessions[name] }) else {
            throw Status(.notFound, "no session \(name)", reason: "no_session")
        }
        return SessionInfo(
            name: name, turns: session.turns.count, pictures: session.pictures.count,
            settings: session.settings, cacheBytes: 1 << 20, pictureBytes: 0, cachedPositions: 0,
            createdUnixMilliseconds: 0, usedUnixMilliseconds: 0, leftMilliseconds: 60_000, job: "")
    }
}

// MARK: - Turns

extension SessionBook {
    private static let job = "job-1"

    private func turn(
        _ request: SendRequest, _ stream: UInt32, _ calls: inout ServerConnection
    ) throws {
        _ = try info(request.session)
        state.withLock { $0.requests.append(request.turn) }
        var seq: UInt64 = 0
        func send(_ kind: Event.Kind) {
            seq += 1
            calls.send(
                Event(seq: seq, job: SessionBook.job, generation: 1, kind: kind).bytes, on: stream)
        }
        send(.accepted(ahead: 0))
        send(.started(seed: request.turn.seed ?? 1))
        switch request.turn.prompt {
        case "hold": return state.withLock { $0.held = stream }
        case "fail":
            send(.failed(.init(code: "invalid", message: "nobody says that", hint: "")))
            return calls.fail(stream, Status(.invalidArgument, "nobody says that"))
        default: break
        }
        let text = request.turn.prompt.isEmpty ? "Then it rained." : "<\(request.turn.prompt)>"
        let number = state.withLock { $0.requests.count }
        let picture = Image(width: 8, height: 8, red: UInt8(number), green: 0, blue: 0).png()
        send(.sceneBegan(index: 1, total: 1))
        send(.text(text))
        send(
            .imageDone(
                .init(index: 1, width: 8, height: 8, png: picture, sha256: "", recipe: [])))
        send(.sceneEnded(index: 1, reason: "end_of_turn"))
        state.withLock { state in
            var session = state.sessions[request.session] ?? Stored()
            var user = [TurnPiece.text(request.turn.prompt)]
            for image in request.turn.images {
                session.pictures.append(image)
                user.append(.picture(session.pictures.count))
            }
            session.pictures.append(picture)
            session.turns.append(
                Turn(
                    user: user, answer: [.text(text), .picture(session.pictures.count)],
                    reason: "end_of_turn", seed: 1))
            state.sessions[request.session] = session
        }
        send(.finished(.init(scenes: 1, images: 1, tokens: 3, milliseconds: 5)))
        calls.finish(stream)
    }

    /// The one client has both calls on one connection.
    private func cancel(
        _ request: CancelRequest, _ stream: UInt32, _ calls: inout ServerConnection
    ) throws {
        guard let held = state.withLock({ $0.held.take() }), request.job == SessionBook.job else {
            throw Status(.notFound, "no job \(request.job)")
        }
        calls.reply(
            CancelReply(
                known: true, state: .cancelled, progress: JobProgress(image: 1, step: 9, steps: 25),
                position: "image 1, step 9 of 25", microseconds: 38_000
            ).bytes, to: stream)
        let failure = Event.Failed(code: "cancelled", message: "cancelled", hint: "")
        calls.send(
            Event(seq: 3, job: request.job, generation: 1, kind: .failed(failure)).bytes, on: held)
        calls.fail(held, Status(.cancelled, "cancelled", reason: "cancelled"))
    }
}

// MARK: - Files

extension SessionBook {
    private func export(
        _ name: String, _ stream: UInt32, _ calls: inout ServerConnection
    ) throws {
        _ = try info(name)
        let session = state.withLock { $0.sessions[name] } ?? Stored()
        var parts: [SessionPart] = [.header(.init(name: name, settings: session.settings))]
        for picture in session.pictures {
            // In two parts, as a long one is.
            parts += [
                .pictureChunk(Array(picture.prefix(20))), .picture(Array(picture.dropFirst(20))),
            ]
        }
        parts += session.turns.map { .turn($0) }
        for part in parts { calls.send(part.bytes, on: stream) }
        calls.finish(stream)
    }

    private func finishImport(_ stream: UInt32, _ calls: inout ServerConnection) {
        var stored = Stored()
        var name = ""
        var chunks: [UInt8] = []
        for part in state.withLock({ state in
            defer { state.imported = [] }
            return state.imported
        }) {
            switch part {
            case .header(let header): (name, stored.settings) = (header.name, header.settings)
            case .pictureChunk(let bytes): chunks += bytes
            case .picture(let bytes):
                stored.pictures.append(chunks + bytes)
                chunks = []
            case .turn(let turn): stored.turns.append(turn)
            case .unknown: break
            }
        }
        if state.withLock({ $0.sessions[name] != nil }) {
            return calls.fail(
                stream, Status(.alreadyExists, "\(name) is there", reason: "session_exists"))
        }
        state.withLock { $0.sessions[name] = stored }
        if let info = try? info(name) { calls.reply(info.bytes, to: stream) }
    }
}

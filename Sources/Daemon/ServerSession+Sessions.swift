internal import EventLoop
internal import Pipelines
internal import Wire

// Conversations that stay here. A session belongs to its user; others do not find it.
extension ServerSession {
    func answerSessions(_ method: Wire.Method, _ call: Call) throws(WireError) {
        let stream = call.stream
        switch method {
        case .sendTurn:
            let request = try SendRequest(call.payload)
            follow(stream, request.turn, call.timeout, session: request.session) {
                $0.send(request.turn, to: request.session, $1, $2)
            }
        case .submitTurn:
            let request = try SendRequest(call.payload)
            submit(stream, request.turn, session: request.session) {
                $0.send(request.turn, to: request.session, $1, $2)
            }
        case .exportSession: export(try ExportSessionRequest(call.payload).session, stream)
        case .importSession: take(inputOf: stream, SessionInput(self, stream))
        default: try manage(method, call)
        }
    }

    /// What is done on a thread that may work, since pictures may be looked at.
    private func manage(_ method: Wire.Method, _ call: Call) throws(WireError) {
        let (stream, user) = (call.stream, peer.user)
        switch method {
        case .createSession:
            let request = try CreateSessionRequest(call.payload)
            manage(stream) { store throws(RequestError) in
                SessionInfo(
                    try store.create(
                        name: request.name.isEmpty ? nil : request.name,
                        settings: try Pipelines.SessionSettings(request.settings), user: user)
                ).bytes
            }
        case .getSession:
            let name = try GetSessionRequest(call.payload).session
            manage(stream) { store throws(RequestError) in
                let info = try store.summary(of: name, user: user)
                let content = try store.get(name, user: user)
                return SessionHistory(
                    info: SessionInfo(info), turns: content.turns.map { Turn($0) }
                ).bytes
            }
        case .forkSession:
            let request = try ForkSessionRequest(call.payload)
            manage(stream) { store throws(RequestError) in
                SessionInfo(
                    try store.fork(
                        request.session, name: request.name.isEmpty ? nil : request.name,
                        turns: request.turns, user: user)
                ).bytes
            }
        case .truncateSession:
            let request = try TruncateSessionRequest(call.payload)
            manage(stream) { store throws(RequestError) in
                SessionInfo(
                    try store.truncate(request.session, turns: request.turns, user: user)
                ).bytes
            }
        case .deleteSession:
            let name = try DeleteSessionRequest(call.payload).session
            manage(stream) { store throws(RequestError) in
                try store.delete(name, user: user)
                return DeleteSessionReply().bytes
            }
        default:
            _ = try EmptyRequest(call.payload)
            manage(stream) { store throws(RequestError) in
                ListSessionsReply(sessions: store.list(user: user).map { SessionInfo($0) }).bytes
            }
        }
    }

    fileprivate func manage(
        _ stream: UInt32,
        _ body: @escaping @Sendable (SessionStore) throws(RequestError) -> [UInt8]
    ) {
        work(for: stream) { backend throws(Status) in
            do throws(RequestError) {
                return try body(try backend.keptSessions)
            } catch {
                throw Status(error)
            }
        }
    }

    private func export(_ name: String, _ stream: UInt32) {
        do throws(RequestError) {
            let content = try core.backend.keptSessions.get(name, user: peer.user)
            self.stream(
                ExportFeed(content, name: name, pipeline: core.backend.status().pipeline),
                to: stream)
        } catch {
            fail(stream, Status(error))
        }
    }
}

/// The parts of a session that is imported.
private final class SessionInput: CallInput {
    /// Of all parts, in bytes: what one caller may let the daemon hold before it is checked.
    private static let limit = 256 << 20
    /// Of one picture: it comes in parts of a frame at most.
    private static let pictureLimit = 64 << 20

    private unowned let session: ServerSession
    private let stream: UInt32
    private var header: SessionHeader?
    private var content = SessionContent()
    private var picture: [UInt8] = []
    private var byteCount = 0

    init(_ session: ServerSession, _ stream: UInt32) {
        self.session = session
        self.stream = stream
    }

    func receive(_ message: [UInt8]) {
        byteCount += message.count
        do throws(Status) {
            guard byteCount <= Self.limit else {
                throw refusal("the session has over \(Self.limit) bytes")
            }
            try take(try part(message))
        } catch {
            content = SessionContent()
            session.fail(stream, error)
        }
    }

    private func part(_ message: [UInt8]) throws(Status) -> SessionPart {
        do {
            return try SessionPart(message)
        } catch {
            throw session.badMessage(error, count: message.count)
        }
    }

    func end() {
        guard let header, picture.isEmpty else {
            return session.fail(
                stream, refusal(header == nil ? "no header came" : "the last picture is cut off"))
        }
        let (content, user) = (content, session.peer.user)
        session.manage(stream) { store throws(RequestError) in
            var content = content
            content.settings = try Pipelines.SessionSettings(header.settings)
            return SessionInfo(
                try store.import(
                    content, name: header.name.isEmpty ? nil : header.name, user: user)
            ).bytes
        }
    }

    private func take(_ part: SessionPart) throws(Status) {
        guard (header == nil) == part.isHeader else {
            throw refusal("the header comes first, and once")
        }
        switch part {
        case .header(let header):
            guard header.format == 1 else {
                throw refusal("its format is \(header.format); this daemon reads 1")
            }
            self.header = header
        case .pictureChunk(let bytes): try append(bytes)
        case .picture(let bytes):
            try append(bytes)
            content.pictures.append(SessionPicture(file: picture))
            picture = []
        case .turn(let turn): content.turns.append(try SessionTurn(turn))
        case .unknown: throw refusal("a part of no known kind")
        }
    }

    private func append(_ bytes: [UInt8]) throws(Status) {
        guard picture.count + bytes.count <= Self.pictureLimit else {
            throw refusal("a picture has over \(Self.pictureLimit) bytes")
        }
        picture += bytes
    }
}

extension Backend {
    fileprivate var keptSessions: SessionStore {
        get throws(RequestError) {
            guard let sessions else {
                throw RequestError(.noSession, "this daemon keeps no sessions")
            }
            return sessions
        }
    }
}

private func refusal(_ message: String) -> Status {
    Status(.invalidArgument, "not a session: \(message)", reason: "invalid")
}

extension SessionPart {
    fileprivate var isHeader: Bool { if case .header = self { true } else { false } }
}

extension SessionTurn {
    fileprivate init(_ turn: Turn) throws(Status) {
        guard let reason = StopReason(rawValue: turn.reason) else {
            throw refusal("\"\(turn.reason)\" is no reason for an end")
        }
        self.init(
            user: try turn.user.pieces(), answer: try turn.answer.pieces(), reason: reason,
            seed: turn.seed)
    }
}

extension [TurnPiece] {
    fileprivate func pieces() throws(Status) -> [SessionPiece] {
        var pieces: [SessionPiece] = []
        for piece in self {
            switch piece {
            case .text(let text): pieces.append(.text(text))
            case .picture(let number): pieces.append(.picture(number))
            case .unknown: throw refusal("a piece of no known kind")
            }
        }
        return pieces
    }
}

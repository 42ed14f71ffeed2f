internal import CProtobufC

/// What `voken.v1.Sessions/Create` takes.
public struct CreateSessionRequest: Message {
    /// 1 to 64 of a-z, 0-9, `.`, `_` and `-`, the first a letter or a digit; empty for one that
    /// the server makes.
    public var name: String
    public var settings: SessionSettings

    public init(name: String = "", settings: SessionSettings = SessionSettings()) {
        self.name = name
        self.settings = settings
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__create_session_request__unpack) {
            message throws(WireError) in
            unsafe CreateSessionRequest(
                name: try validText(message.name, "name", limit: TextLimit.id),
                settings: try part(message.settings) { part throws(WireError) in
                    try unsafe SessionSettings(part)
                } ?? SessionSettings())
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__create_session_request__init) { message, arena in
            unsafe message.name = arena.string(name)
            unsafe message.settings = settings.packed(&arena)
        }
    }
}

/// What `Send` and `Submit` of `voken.v1.Sessions` take.
public struct SendRequest: Message {
    public var session: String
    /// The prompt is what the user says; ``GenerateRequest/scenes`` must be absent. What is set holds
    /// for this turn alone.
    public var turn: GenerateRequest

    public init(session: String, turn: GenerateRequest) {
        self.session = session
        self.turn = turn
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__send_request__unpack) {
            message throws(WireError) in
            unsafe SendRequest(
                session: try validText(message.session, "session", limit: TextLimit.id),
                turn: try part(message.turn) { part throws(WireError) in
                    try unsafe GenerateRequest(part)
                } ?? GenerateRequest(prompt: ""))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__send_request__init) { message, arena in
            unsafe message.session = arena.string(session)
            unsafe message.turn = turn.packed(&arena)
        }
    }
}

/// What `voken.v1.Sessions/Get` takes.
public struct GetSessionRequest: Message {
    public var session: String

    public init(session: String) {
        self.session = session
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__get_session_request__unpack) {
            message throws(WireError) in
            unsafe GetSessionRequest(
                session: try validText(message.session, "session", limit: TextLimit.id))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__get_session_request__init) { message, arena in
            unsafe message.session = arena.string(session)
        }
    }
}

/// What `voken.v1.Sessions/Fork` takes.
public struct ForkSessionRequest: Message {
    public var session: String
    /// Of the new one, as in ``CreateSessionRequest``.
    public var name: String
    /// The first so many; `nil` for all.
    public var turns: Int?

    public init(session: String, name: String = "", turns: Int? = nil) {
        self.session = session
        self.name = name
        self.turns = turns
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__fork_session_request__unpack) {
            message throws(WireError) in
            let isGiven =
                unsafe message.optional_turns_case
                == VOKEN__V1__FORK_SESSION_REQUEST__OPTIONAL_TURNS_TURNS
            return unsafe ForkSessionRequest(
                session: try validText(message.session, "session", limit: TextLimit.id),
                name: try validText(message.name, "name", limit: TextLimit.id),
                turns: isGiven ? Int(message.turns) : nil)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__fork_session_request__init) { message, arena in
            unsafe message.session = arena.string(session)
            unsafe message.name = arena.string(name)
            if let turns {
                unsafe message.optional_turns_case =
                    VOKEN__V1__FORK_SESSION_REQUEST__OPTIONAL_TURNS_TURNS
                unsafe message.turns = UInt32(clamping: turns)
            }
        }
    }
}

/// What `voken.v1.Sessions/Truncate` takes.
public struct TruncateSessionRequest: Message {
    public var session: String
    /// The first so many stay.
    public var turns: Int

    public init(session: String, turns: Int) {
        self.session = session
        self.turns = turns
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__truncate_session_request__unpack) {
            message throws(WireError) in
            unsafe TruncateSessionRequest(
                session: try validText(message.session, "session", limit: TextLimit.id),
                turns: Int(message.turns))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__truncate_session_request__init) { message, arena in
            unsafe message.session = arena.string(session)
            unsafe message.turns = UInt32(clamping: turns)
        }
    }
}

/// What `voken.v1.Sessions/Export` takes.
public struct ExportSessionRequest: Message {
    public var session: String

    public init(session: String) {
        self.session = session
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__export_session_request__unpack) {
            message throws(WireError) in
            unsafe ExportSessionRequest(
                session: try validText(message.session, "session", limit: TextLimit.id))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__export_session_request__init) { message, arena in
            unsafe message.session = arena.string(session)
        }
    }
}

/// What `voken.v1.Sessions/Delete` takes.
public struct DeleteSessionRequest: Message {
    public var session: String

    public init(session: String) {
        self.session = session
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__delete_session_request__unpack) {
            message throws(WireError) in
            unsafe DeleteSessionRequest(
                session: try validText(message.session, "session", limit: TextLimit.id))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__delete_session_request__init) { message, arena in
            unsafe message.session = arena.string(session)
        }
    }
}

/// What it answers: nothing.
public struct DeleteSessionReply: Message {
    public init() {}

    public init(_ bytes: [UInt8]) throws(WireError) {
        try unsafe unpacking(bytes, with: voken__v1__delete_session_reply__unpack) {
            _ throws(WireError) in
        }
    }

    public var bytes: [UInt8] { [] }
}

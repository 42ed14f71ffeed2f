internal import CProtobufC

/// A conversation that the daemon keeps between its turns.
public struct SessionInfo: Message {
    public var name: String
    public var turns: Int
    public var pictures: Int
    public var settings: SessionSettings
    /// Of the key-value cache.
    public var cacheBytes: Int
    public var pictureBytes: Int
    /// Of the context, that the cache holds.
    public var cachedPositions: Int
    public var createdUnixMilliseconds: Int
    public var usedUnixMilliseconds: Int
    /// After which it is deleted, unless it is used before.
    public var leftMilliseconds: Int
    /// The turn that runs; empty if none does.
    public var job: String

    public init(
        name: String, turns: Int, pictures: Int, settings: SessionSettings, cacheBytes: Int,
        pictureBytes: Int, cachedPositions: Int, createdUnixMilliseconds: Int,
        usedUnixMilliseconds: Int, leftMilliseconds: Int, job: String
    ) {
        self.name = name
        self.turns = turns
        self.pictures = pictures
        self.settings = settings
        self.cacheBytes = cacheBytes
        self.pictureBytes = pictureBytes
        self.cachedPositions = cachedPositions
        self.createdUnixMilliseconds = createdUnixMilliseconds
        self.usedUnixMilliseconds = usedUnixMilliseconds
        self.leftMilliseconds = leftMilliseconds
        self.job = job
    }

    init(_ message: Voken__V1__SessionInfo) throws(WireError) {
        unsafe self.init(
            name: try validText(message.name, "name", limit: TextLimit.id),
            turns: Int(message.turns), pictures: Int(message.pictures),
            settings: try part(message.settings) { part throws(WireError) in
                try unsafe SessionSettings(part)
            } ?? SessionSettings(), cacheBytes: Int(clamping: message.cache_bytes),
            pictureBytes: Int(clamping: message.picture_bytes),
            cachedPositions: Int(message.cached_positions),
            createdUnixMilliseconds: Int(clamping: message.created_unix_ms),
            usedUnixMilliseconds: Int(clamping: message.used_unix_ms),
            leftMilliseconds: Int(clamping: message.left_ms),
            job: try validText(message.job, "job", limit: TextLimit.id))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__SessionInfo>? {
        unsafe arena.message(voken__v1__session_info__init) { unsafe fill(&$0, &$1) }
    }

    private func fill(_ message: inout Voken__V1__SessionInfo, _ arena: inout Arena) {
        unsafe message.name = arena.string(name)
        unsafe message.turns = UInt32(clamping: turns)
        unsafe message.pictures = UInt32(clamping: pictures)
        unsafe message.settings = settings.packed(&arena)
        unsafe message.cache_bytes = UInt64(clamping: cacheBytes)
        unsafe message.picture_bytes = UInt64(clamping: pictureBytes)
        unsafe message.cached_positions = UInt32(clamping: cachedPositions)
        unsafe message.created_unix_ms = UInt64(clamping: createdUnixMilliseconds)
        unsafe message.used_unix_ms = UInt64(clamping: usedUnixMilliseconds)
        unsafe message.left_ms = UInt64(clamping: leftMilliseconds)
        unsafe message.job = arena.string(job)
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__session_info__unpack) {
            message throws(WireError) in try unsafe SessionInfo(message)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__session_info__init) { unsafe fill(&$0, &$1) }
    }
}

/// What `voken.v1.Sessions/Get` answers.
public struct SessionHistory: Message {
    public var info: SessionInfo?
    public var turns: [Turn]

    public init(info: SessionInfo?, turns: [Turn]) {
        self.info = info
        self.turns = turns
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__session__unpack, growth: listGrowth) {
            message throws(WireError) in
            unsafe SessionHistory(
                info: try part(message.info) { part throws(WireError) in
                    try unsafe SessionInfo(part)
                },
                turns: try elements(message.turns, message.n_turns) { part throws(WireError) in
                    try unsafe Turn(part)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__session__init) { message, arena in
            unsafe message.info = info?.packed(&arena)
            unsafe message.n_turns = turns.count
            unsafe message.turns = arena.list(turns) { unsafe $0.packed(&$1) }
        }
    }
}

/// What `voken.v1.Sessions/List` answers.
public struct ListSessionsReply: Message {
    /// The one used last first.
    public var sessions: [SessionInfo]

    public init(sessions: [SessionInfo]) {
        self.sessions = sessions
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(
            bytes, with: voken__v1__list_sessions_reply__unpack, growth: listGrowth
        ) {
            message throws(WireError) in
            unsafe ListSessionsReply(
                sessions: try elements(message.sessions, message.n_sessions) {
                    part throws(WireError) in try unsafe SessionInfo(part)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__list_sessions_reply__init) { message, arena in
            unsafe message.n_sessions = sessions.count
            unsafe message.sessions = arena.list(sessions) { unsafe $0.packed(&$1) }
        }
    }
}

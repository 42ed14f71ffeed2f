/// A session, for people.
public struct SessionSummary: Sendable, Equatable {
    public var name: String
    public var user: UInt32
    public var turns: Int
    public var pictures: Int
    public var settings: SessionSettings
    /// Of the key-value cache and of what the language model sees of the pictures.
    public var cacheBytes: Int
    public var pictureBytes: Int
    /// Positions of the context that the cache holds.
    public var cachedPositions: Int
    public var createdUnixMilliseconds: Int
    public var usedUnixMilliseconds: Int
    /// After which it is deleted, unless it is used before; `nil` for never, as things are.
    public var left: Duration?
    /// The turn that runs or waits.
    public var job: String?
}

/// What all sessions are and hold.
public struct SessionTotals: Sendable, Equatable {
    public var sessions = 0
    /// Turns that run or wait.
    public var busy = 0
    /// Of pictures and texts.
    public var bytes = 0
    /// Of the caches of sessions at rest.
    public var cacheBytes = 0

    public init() {}
}

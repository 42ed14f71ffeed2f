internal import CProtobufC

/// Beginnings of prompts that a daemon holds for other requests.
public struct PromptCacheStats: Sendable, Equatable {
    public var bytes: Int
    public var pieces: Int
    /// Of all prompts since the start.
    public var positions: Int
    /// Those of them that another request had brought.
    public var reused: Int

    public init(bytes: Int = 0, pieces: Int = 0, positions: Int = 0, reused: Int = 0) {
        self.bytes = bytes
        self.pieces = pieces
        self.positions = positions
        self.reused = reused
    }

    init(_ message: Voken__V1__PromptCache) {
        unsafe self.init(
            bytes: Int(clamping: message.bytes), pieces: Int(message.pieces),
            positions: Int(clamping: message.positions), reused: Int(clamping: message.reused))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__PromptCache>? {
        unsafe arena.message(voken__v1__prompt_cache__init) { message, _ in
            unsafe message.bytes = UInt64(clamping: bytes)
            unsafe message.pieces = UInt32(clamping: pieces)
            unsafe message.positions = UInt64(clamping: positions)
            unsafe message.reused = UInt64(clamping: reused)
        }
    }
}

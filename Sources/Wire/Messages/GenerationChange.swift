internal import CProtobufC

/// One message of the stream that `voken.v1.Pipeline/Watch` answers.
public struct GenerationChange: StreamEvent {
    /// From 1. A slow reader gets the last change, not each; a gap says so.
    public var seq: UInt64
    /// That serves.
    public var generation: Int
    /// 0 in the first message.
    public var previous: Int
    /// `serving` (the first message), `swap`, `apply` or `rollback`.
    public var cause: String
    public var changes: [SwapEvent.Change]

    public init(
        seq: UInt64, generation: Int, previous: Int, cause: String, changes: [SwapEvent.Change]
    ) {
        self.seq = seq
        self.generation = generation
        self.previous = previous
        self.cause = cause
        self.changes = changes
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__generation_change__unpack) {
            message throws(WireError) in
            unsafe GenerationChange(
                seq: message.seq, generation: Int(message.generation),
                previous: Int(message.previous),
                cause: try validText(message.cause, "cause", limit: TextLimit.name),
                changes: try elements(message.changes, message.n_changes) {
                    part throws(WireError) in try unsafe SwapEvent.Change(part)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__generation_change__init) { message, arena in
            unsafe message.seq = seq
            unsafe message.generation = UInt32(clamping: generation)
            unsafe message.previous = UInt32(clamping: previous)
            unsafe message.cause = arena.string(cause)
            unsafe message.n_changes = changes.count
            unsafe message.changes = arena.list(changes) { unsafe $0.packed(&$1) }
        }
    }
}

/// One message of the streams that `Swap`, `Apply` and `Rollback` of `voken.v1.Pipeline` answer.
public struct SwapEvent: StreamEvent {
    public enum Kind: Sendable, Equatable {
        /// What the new generation has different; before all phases.
        case change(Change)
        /// Something that has been done.
        case phase(Phase)
        case committed(Committed)
        case finished(Finished)
        case failed(Failed)
        /// Of a newer server: to be ignored.
        case unknown
    }

    public struct Change: Sendable, Equatable {
        /// Of the pipeline file: `stage.unet.model`.
        public var key: String
        /// As TOML writes it; empty if it was not there.
        public var before: String
        /// Empty if it will not be there.
        public var after: String

        public init(key: String, before: String, after: String) {
            self.key = key
            self.before = before
            self.after = after
        }
    }

    /// Of a swap, or of an upgrade of the daemon.
    public struct Phase: Sendable, Equatable {
        /// Of a swap: `file`, `copy`, `probe`, `load`, `construct`, `self_test`, `contract` or
        /// `persist`. Of an upgrade: `check`, `start` or `ready`.
        public var name: String
        /// The key of the stage, `stage.unet`; empty for what concerns all.
        public var stage: String
        /// For people.
        public var detail: String
        public var microseconds: Int

        public init(name: String, stage: String, detail: String, microseconds: Int) {
            self.name = name
            self.stage = stage
            self.detail = detail
            self.microseconds = microseconds
        }
    }

    public struct Committed: Sendable, Equatable {
        public var generation: Int
        /// That it replaces.
        public var previous: Int
        public var microseconds: Int
        /// Requests that are still on the previous one.
        public var holders: Int

        public init(generation: Int, previous: Int, microseconds: Int, holders: Int) {
            self.generation = generation
            self.previous = previous
            self.microseconds = microseconds
            self.holders = holders
        }
    }

    public struct Finished: Sendable, Equatable {
        /// False for a dry run, and where nothing was to change.
        public var committed: Bool
        /// Whether no request is left on the previous generation.
        public var drained: Bool
        public var drainMilliseconds: Int
        /// Bytes of weights and caches that were let go: private memory.
        public var returnedPrivate: Int
        /// Mappings of weight files.
        public var returnedMapped: Int
        /// Bytes of physical memory of the process afterwards.
        public var residentBytes: Int
        /// Requests that are left.
        public var holders: [Holder]
        /// Whether the previous generation is kept for rollback, with its memory.
        public var kept: Bool

        public init(
            committed: Bool, drained: Bool, drainMilliseconds: Int, returnedPrivate: Int,
            returnedMapped: Int, residentBytes: Int, holders: [Holder], kept: Bool
        ) {
            self.committed = committed
            self.drained = drained
            self.drainMilliseconds = drainMilliseconds
            self.returnedPrivate = returnedPrivate
            self.returnedMapped = returnedMapped
            self.residentBytes = residentBytes
            self.holders = holders
            self.kept = kept
        }
    }

    /// Of a swap, or of an upgrade of the daemon.
    public struct Failed: Sendable, Equatable {
        /// As in ``Phase``, or `request`, `queue` or `commit`.
        public var phase: String
        /// For programs: see `etc/doc/swapping.md`.
        public var code: String
        /// Names the thing and the remedy.
        public var message: String
        /// The key of the stage; empty for what concerns all.
        public var stage: String

        public init(phase: String, code: String, message: String, stage: String) {
            self.phase = phase
            self.code = code
            self.message = message
            self.stage = stage
        }
    }

    /// From 1, without gaps.
    public var seq: UInt64
    /// The one that serves.
    public var generation: Int
    public var kind: Kind

    public init(seq: UInt64, generation: Int, kind: Kind) {
        self.seq = seq
        self.generation = generation
        self.kind = kind
    }

    public static var hasEnd: Bool { true }

    /// Whether this is the last event of its swap.
    public var isEnd: Bool {
        switch kind {
        case .finished, .failed: true
        default: false
        }
    }
}

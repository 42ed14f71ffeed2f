/// What happens to a swap, in order. Exactly one `finished` or `failed` ends it.
public enum SwapEvent: Sendable, Equatable {
    /// A key of the pipeline that the new generation has different, each as TOML writes it;
    /// `nil` where it is not.
    case change(key: String, before: String?, after: String?)
    /// A phase is done. `stage` is the key of the stage that it was about.
    case phase(SwapPhase, stage: String?, detail: String, Duration)
    case committed(SwapCommit)
    case finished(SwapResult)
    case failed(SwapError)
}

/// What is done for a swap, in order.
public enum SwapPhase: String, Sendable, CaseIterable {
    case request
    /// Waits for its turn: one swap is prepared at a time.
    case queue
    // Of each stage that is new; see `LoadPhase`.
    case file
    case copy
    case probe
    case load
    case construct
    case selfTest = "self_test"
    /// What neighbouring stages must have in common.
    case contract
    /// Writes the new generation to the state directory, under another name.
    case persist
    case commit
}

/// One exchange of a pointer: what is admitted from now on gets the new generation.
public struct SwapCommit: Sendable, Equatable {
    public var generation: Int
    public var previous: Int
    public var duration: Duration
    /// Requests that are still on the previous generation.
    public var holders: Int

    public init(generation: Int, previous: Int, duration: Duration, holders: Int) {
        self.generation = generation
        self.previous = previous
        self.duration = duration
        self.holders = holders
    }
}

/// How a swap that did not fail has ended.
public struct SwapResult: Sendable, Equatable {
    /// `false` for a dry run, and where nothing was to change.
    public var isCommitted = false
    /// Whether no request is left on the previous generation.
    public var isDrained = true
    public var drainTime = Duration.zero
    /// What was let go with generations that nobody holds any more, in bytes: private memory, and
    /// mappings of weight files.
    public var returnedPrivate = 0
    public var returnedMapped = 0
    /// Requests that are left on the previous generation.
    public var holders: [Holder] = []
    /// Whether the previous generation is kept for rollback, with its memory.
    public var isKept = false

    public init() {}
}

/// A request that holds a generation.
public struct Holder: Sendable, Equatable {
    public var job: String
    public var generation: Int
    /// `waiting`, `scene 2 of 4`, `image 1, step 12 of 25`.
    public var position: String

    public init(job: String, generation: Int, position: String) {
        self.job = job
        self.generation = generation
        self.position = position
    }
}

/// Why a swap was not done. What served before serves on.
public struct SwapError: Error, Sendable, Equatable, CustomStringConvertible {
    public let phase: SwapPhase
    /// For programs: a code of `PluginError`, or one of ``Code``.
    public let code: String
    /// The key of the stage, if it was about one.
    public let stage: String?
    /// Names the thing and the remedy.
    public let message: String

    /// The codes beside those of `PluginError`.
    public enum Code: String, Sendable, CaseIterable {
        /// A request that makes no sense, or a pipeline file that cannot be used.
        case invalid
        case disabled  // the pipeline file says so
        case noModel = "no_model"  // a model folder that is missing or damaged
        case contract  // stages that do not fit each other
        case draining  // too many generations are still in use
        case busy  // too many swaps wait
        case notKept = "not_kept"  // a generation that cannot be rolled back to
        case host  // the state directory
        case shuttingDown = "shutting_down"
    }

    public init(_ phase: SwapPhase, code: String, stage: String? = nil, _ message: String) {
        self.phase = phase
        self.code = code
        self.stage = stage
        self.message = message
    }

    public init(_ phase: SwapPhase, _ code: Code, stage: String? = nil, _ message: String) {
        self.init(phase, code: code.rawValue, stage: stage, message)
    }

    public var description: String {
        (stage.map { "\($0): " } ?? "") + message
    }
}

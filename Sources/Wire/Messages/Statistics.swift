internal import CProtobufC

/// What `voken.v1.Admin/Stats` answers: counters since the daemon's start.
public struct StatsReply: Message {
    public var stages: [StageCalls]
    public var methods: [MethodCalls]
    /// Of jobs: from submission to start.
    public var waited: Histogram
    /// Of jobs: from start to end.
    public var ran: Histogram
    /// Jobs that were refused.
    public var refused: [ReasonCount]
    /// That were taken.
    public var connections: Int
    /// Connections that were cut off.
    public var cutOff: [ReasonCount]
    public var sessions: Int
    /// Of their key-value caches and pictures.
    public var sessionBytes: Int
    public var openDescriptors: Int
    /// That have ended and are kept for watchers.
    public var keptJobs: Int
    /// Of their events.
    public var keptBytes: Int
    public var promptCache: PromptCacheStats

    public init(
        stages: [StageCalls], methods: [MethodCalls], waited: Histogram, ran: Histogram,
        refused: [ReasonCount], connections: Int, cutOff: [ReasonCount], sessions: Int,
        sessionBytes: Int, openDescriptors: Int, keptJobs: Int, keptBytes: Int,
        promptCache: PromptCacheStats = PromptCacheStats()
    ) {
        self.stages = stages
        self.methods = methods
        self.waited = waited
        self.ran = ran
        self.refused = refused
        self.connections = connections
        self.cutOff = cutOff
        self.sessions = sessions
        self.sessionBytes = sessionBytes
        self.openDescriptors = openDescriptors
        self.keptJobs = keptJobs
        self.keptBytes = keptBytes
        self.promptCache = promptCache
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__stats_reply__unpack) {
            message throws(WireError) in
            unsafe StatsReply(
                stages: try elements(message.stages, message.n_stages) { part throws(WireError) in
                    try unsafe StageCalls(part)
                },
                methods: try elements(message.methods, message.n_methods) {
                    part throws(WireError) in try unsafe MethodCalls(part)
                },
                waited: try part(message.waited) { unsafe Histogram($0) } ?? Histogram(),
                ran: try part(message.ran) { unsafe Histogram($0) }
                    ?? Histogram(),
                refused: try elements(message.refused, message.n_refused) {
                    part throws(WireError) in try unsafe ReasonCount(part)
                }, connections: Int(clamping: message.connections),
                cutOff: try elements(message.cut_off, message.n_cut_off) { part throws(WireError) in
                    try unsafe ReasonCount(part)
                }, sessions: Int(message.sessions),
                sessionBytes: Int(clamping: message.session_bytes),
                openDescriptors: Int(message.open_descriptors), keptJobs: Int(message.kept_jobs),
                keptBytes: Int(clamping: message.kept_bytes),
                promptCache: try part(message.prompt_cache) { unsafe PromptCacheStats($0) }
                    ?? PromptCacheStats())
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__stats_reply__init) { message, arena in
            unsafe message.n_stages = stages.count
            unsafe message.stages = arena.list(stages) { unsafe $0.packed(&$1) }
            unsafe message.n_methods = methods.count
            unsafe message.methods = arena.list(methods) { unsafe $0.packed(&$1) }
            unsafe message.waited = waited.packed(&arena)
            unsafe message.ran = ran.packed(&arena)
            unsafe message.n_refused = refused.count
            unsafe message.refused = arena.list(refused) { unsafe $0.packed(&$1) }
            unsafe message.connections = UInt64(clamping: connections)
            unsafe message.n_cut_off = cutOff.count
            unsafe message.cut_off = arena.list(cutOff) { unsafe $0.packed(&$1) }
            unsafe message.sessions = UInt32(clamping: sessions)
            unsafe message.session_bytes = UInt64(clamping: sessionBytes)
            unsafe message.open_descriptors = UInt32(clamping: openDescriptors)
            unsafe message.kept_jobs = UInt32(clamping: keptJobs)
            unsafe message.kept_bytes = UInt64(clamping: keptBytes)
            unsafe message.prompt_cache = promptCache.packed(&arena)
        }
    }
}

/// How often a stage was called.
public struct StageCalls: Sendable, Equatable {
    /// `unet`, …
    public var kind: String
    public var calls: Int
    /// Of all calls: jobs that were served by one call count each.
    public var items: Int
    public var microseconds: Int

    public init(kind: String, calls: Int, items: Int, microseconds: Int) {
        self.kind = kind
        self.calls = calls
        self.items = items
        self.microseconds = microseconds
    }

    init(_ message: Voken__V1__StageStats) throws(WireError) {
        unsafe self.init(
            kind: try validText(message.kind, "kind", limit: TextLimit.name),
            calls: Int(clamping: message.calls), items: Int(clamping: message.items),
            microseconds: Int(clamping: message.microseconds))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__StageStats>? {
        unsafe arena.message(voken__v1__stage_stats__init) { message, arena in
            unsafe message.kind = arena.string(kind)
            unsafe message.calls = UInt64(clamping: calls)
            unsafe message.items = UInt64(clamping: items)
            unsafe message.microseconds = UInt64(clamping: microseconds)
        }
    }
}

/// How often a method was called.
public struct MethodCalls: Sendable, Equatable {
    /// `voken.v1.Admin/Status`.
    public var method: String
    public var calls: Int
    /// That ended with an error status.
    public var errors: Int

    public init(method: String, calls: Int, errors: Int) {
        self.method = method
        self.calls = calls
        self.errors = errors
    }

    init(_ message: Voken__V1__MethodStats) throws(WireError) {
        unsafe self.init(
            method: try validText(message.method, "method", limit: TextLimit.name),
            calls: Int(clamping: message.calls), errors: Int(clamping: message.errors))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__MethodStats>? {
        unsafe arena.message(voken__v1__method_stats__init) { message, arena in
            unsafe message.method = arena.string(method)
            unsafe message.calls = UInt64(clamping: calls)
            unsafe message.errors = UInt64(clamping: errors)
        }
    }
}

/// How often something happened for a reason.
public struct ReasonCount: Sendable, Equatable {
    public var reason: String
    public var count: Int

    public init(reason: String, count: Int) {
        self.reason = reason
        self.count = count
    }

    init(_ message: Voken__V1__Count) throws(WireError) {
        unsafe self.init(
            reason: try validText(message.reason, "reason", limit: TextLimit.name),
            count: Int(clamping: message.count))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Count>? {
        unsafe arena.message(voken__v1__count__init) { message, arena in
            unsafe message.reason = arena.string(reason)
            unsafe message.count = UInt64(clamping: count)
        }
    }
}

/// Counts of durations.
public struct Histogram: Sendable, Equatable {
    /// Upper bounds, rising.
    public var boundsMilliseconds: [Int]
    /// One more than bounds: the last is of those above all.
    public var counts: [Int]
    public var sumMilliseconds: Int

    public init(boundsMilliseconds: [Int] = [], counts: [Int] = [], sumMilliseconds: Int = 0) {
        self.boundsMilliseconds = boundsMilliseconds
        self.counts = counts
        self.sumMilliseconds = sumMilliseconds
    }

    init(_ message: Voken__V1__Histogram) {
        unsafe self.init(
            boundsMilliseconds: values(message.bounds_ms, message.n_bounds_ms) {
                Int(clamping: $0)
            }, counts: values(message.counts, message.n_counts) { Int(clamping: $0) },
            sumMilliseconds: Int(clamping: message.sum_ms))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Histogram>? {
        unsafe arena.message(voken__v1__histogram__init) { message, arena in
            unsafe message.n_bounds_ms = boundsMilliseconds.count
            unsafe message.bounds_ms = arena.list(boundsMilliseconds) { value, _ in
                UInt64(clamping: value)
            }
            unsafe message.n_counts = counts.count
            unsafe message.counts = arena.list(counts) { value, _ in UInt64(clamping: value) }
            unsafe message.sum_ms = UInt64(clamping: sumMilliseconds)
        }
    }
}

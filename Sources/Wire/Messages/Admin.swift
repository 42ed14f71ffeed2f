internal import CProtobufC

/// What `voken.v1.Admin/Status` answers.
public struct StatusReply: Message {
    public var pid: Int
    public var version: String
    public var uptimeMilliseconds: Int
    public var pipeline: String
    public var generation: Int
    public var stages: [StageInfo]
    /// Jobs that wait, run, have finished and have failed.
    public var queued: Int
    public var running: Int
    public var finished: Int
    public var failed: Int
    /// Bytes of physical memory.
    public var residentBytes: Int
    public var connections: Int
    /// The serving one first.
    public var generations: [GenerationInfo]
    /// Plugin images, and their bytes: code is never unloaded.
    public var images: Int
    public var imageBytes: Int
    /// The last swap that failed since the daemon has started.
    public var lastFailure: SwapEvent.Failed?
    /// Jobs that were cancelled.
    public var cancelled: Int
    /// Bytes on the ledger: weights, caches, and the tensors of the calls under way.
    public var ledgerBytes: Int

    public init(
        pid: Int, version: String, uptimeMilliseconds: Int, pipeline: String, generation: Int,
        stages: [StageInfo], queued: Int, running: Int, finished: Int, failed: Int,
        residentBytes: Int, connections: Int, generations: [GenerationInfo], images: Int,
        imageBytes: Int, lastFailure: SwapEvent.Failed?, cancelled: Int, ledgerBytes: Int
    ) {
        self.pid = pid
        self.version = version
        self.uptimeMilliseconds = uptimeMilliseconds
        self.pipeline = pipeline
        self.generation = generation
        self.stages = stages
        self.queued = queued
        self.running = running
        self.finished = finished
        self.failed = failed
        self.residentBytes = residentBytes
        self.connections = connections
        self.generations = generations
        self.images = images
        self.imageBytes = imageBytes
        self.lastFailure = lastFailure
        self.cancelled = cancelled
        self.ledgerBytes = ledgerBytes
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__status_reply__unpack) {
            message throws(WireError) in
            unsafe StatusReply(
                pid: Int(message.pid),
                version: try validText(message.version, "version", limit: 256),
                uptimeMilliseconds: Int(clamping: message.uptime_ms),
                pipeline: try validText(message.pipeline, "pipeline", limit: TextLimit.name),
                generation: Int(message.generation),
                stages: try elements(message.stages, message.n_stages) {
                    stage throws(WireError) in
                    try unsafe StageInfo(stage)
                },
                queued: Int(message.queued), running: Int(message.running),
                finished: Int(clamping: message.finished), failed: Int(clamping: message.failed),
                residentBytes: Int(clamping: message.resident_bytes),
                connections: Int(message.connections),
                generations: try elements(message.generations, message.n_generations) {
                    generation throws(WireError) in
                    try unsafe GenerationInfo(generation)
                },
                images: Int(message.images), imageBytes: Int(clamping: message.image_bytes),
                lastFailure: try SwapEvent.Failed(ifPresent: message.last_failure),
                cancelled: Int(clamping: message.cancelled),
                ledgerBytes: Int(clamping: message.ledger_bytes))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__status_reply__init) { message, arena in
            unsafe message.pid = UInt32(clamping: pid)
            unsafe message.version = arena.string(version)
            unsafe message.uptime_ms = UInt64(clamping: uptimeMilliseconds)
            unsafe message.pipeline = arena.string(pipeline)
            unsafe message.generation = UInt32(clamping: generation)
            unsafe message.n_stages = stages.count
            unsafe message.stages = arena.list(stages) { unsafe $0.packed(&$1) }
            unsafe message.queued = UInt32(clamping: queued)
            unsafe message.running = UInt32(clamping: running)
            unsafe message.finished = UInt64(clamping: finished)
            unsafe message.failed = UInt64(clamping: failed)
            unsafe message.resident_bytes = UInt64(clamping: residentBytes)
            unsafe message.connections = UInt32(clamping: connections)
            unsafe message.n_generations = generations.count
            unsafe message.generations = arena.list(generations) { unsafe $0.packed(&$1) }
            unsafe message.images = UInt32(clamping: images)
            unsafe message.image_bytes = UInt64(clamping: imageBytes)
            unsafe message.last_failure = lastFailure?.packed(&arena)
            unsafe message.cancelled = UInt64(clamping: cancelled)
            unsafe message.ledger_bytes = UInt64(clamping: ledgerBytes)
        }
    }
}

/// What `voken.v1.Admin/Version` answers.
public struct VersionReply: Message {
    public var version: String
    /// Of the protocol.
    public var `protocol`: Int

    public init(version: String, protocol: Int) {
        self.version = version
        self.protocol = `protocol`
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__version_reply__unpack) {
            message throws(WireError) in
            unsafe VersionReply(
                version: try validText(message.version, "version", limit: 256),
                protocol: Int(message.protocol))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__version_reply__init) { message, arena in
            unsafe message.version = arena.string(version)
            unsafe message.protocol = UInt32(clamping: `protocol`)
        }
    }
}

/// What methods take that need to be told nothing, as `Admin/Status`. Fields of newer clients are
/// ignored.
public struct EmptyRequest: Message {
    public init() {}

    public init(_ bytes: [UInt8]) throws(WireError) {
        try unsafe unpacking(bytes, with: voken__v1__status_request__unpack) {
            _ throws(WireError) in
        }
    }

    public var bytes: [UInt8] { [] }
}

internal import CProtobufC

/// One stage of the pipeline that serves requests.
public struct StageInfo: Sendable, Equatable {
    /// What it does: `unet`, `scheduler`, …
    public var kind: String
    /// Its name in the pipeline.
    public var name: String
    public var plugin: String
    public var version: String
    /// SHA-256 of its weights in lower-case hexadecimal digits; empty if it has none.
    public var weightsSHA256: String
    /// SHA-256 of the plugin's file.
    public var fileSHA256: String
    /// That it came with; later ones share it.
    public var generation: Int
    /// That it was made with: a JSON object, or empty.
    public var options: String
    public var memory: StageMemory

    public init(
        kind: String, name: String, plugin: String, version: String, weightsSHA256: String,
        fileSHA256: String, generation: Int, options: String, memory: StageMemory
    ) {
        self.kind = kind
        self.name = name
        self.plugin = plugin
        self.version = version
        self.weightsSHA256 = weightsSHA256
        self.fileSHA256 = fileSHA256
        self.generation = generation
        self.options = options
        self.memory = memory
    }

    init(_ stage: Voken__V1__Stage) throws(WireError) {
        unsafe self.init(
            kind: try validText(stage.kind, "a stage's kind", limit: TextLimit.name),
            name: try validText(stage.name, "a stage's name", limit: TextLimit.name),
            plugin: try validText(stage.plugin, "a plugin's name", limit: TextLimit.name),
            version: try validText(stage.version, "a plugin's version", limit: TextLimit.name),
            weightsSHA256: try validText(stage.weights_sha256, "a hash", limit: TextLimit.name),
            fileSHA256: try validText(stage.file_sha256, "a hash", limit: TextLimit.name),
            generation: Int(stage.generation),
            options: try validText(stage.options, "a stage's options", limit: TextLimit.options),
            memory: StageMemory(stage.memory))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Stage>? {
        unsafe arena.message(voken__v1__stage__init) { stage, arena in
            unsafe stage.kind = arena.string(kind)
            unsafe stage.name = arena.string(name)
            unsafe stage.plugin = arena.string(plugin)
            unsafe stage.version = arena.string(version)
            unsafe stage.weights_sha256 = arena.string(weightsSHA256)
            unsafe stage.file_sha256 = arena.string(fileSHA256)
            unsafe stage.generation = UInt32(clamping: generation)
            unsafe stage.options = arena.string(options)
            unsafe stage.memory = memory.packed(&arena)
        }
    }
}

/// What a stage holds, in bytes.
public struct StageMemory: Sendable, Equatable {
    /// Of weight files, read in place: the system may drop and read these pages again.
    public var weightsMapped: Int
    /// Of weights that were rearranged or converted.
    public var weightsPrivate: Int
    /// Of the requests under way.
    public var caches: Int
    /// The most that its calls have held at once.
    public var activationsPeak: Int

    public init(
        weightsMapped: Int = 0, weightsPrivate: Int = 0, caches: Int = 0, activationsPeak: Int = 0
    ) {
        self.weightsMapped = weightsMapped
        self.weightsPrivate = weightsPrivate
        self.caches = caches
        self.activationsPeak = activationsPeak
    }

    /// Nothing, if an older daemon has left it out.
    init(_ memory: UnsafePointer<Voken__V1__StageMemory>?) {
        guard let memory = unsafe memory?.pointee else {
            self.init()
            return
        }
        unsafe self.init(
            weightsMapped: Int(clamping: memory.weights_mapped),
            weightsPrivate: Int(clamping: memory.weights_private),
            caches: Int(clamping: memory.caches),
            activationsPeak: Int(clamping: memory.activations_peak))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__StageMemory> {
        unsafe arena.message(voken__v1__stage_memory__init) { memory, _ in
            unsafe memory.weights_mapped = UInt64(clamping: weightsMapped)
            unsafe memory.weights_private = UInt64(clamping: weightsPrivate)
            unsafe memory.caches = UInt64(clamping: caches)
            unsafe memory.activations_peak = UInt64(clamping: activationsPeak)
        }
    }
}

/// What `voken.v1.Pipeline/ListStages` answers.
public struct ListStagesReply: Message {
    public var pipeline: String
    /// Counts the pipelines that the daemon has published, from 1.
    public var generation: Int
    public var stages: [StageInfo]

    public init(pipeline: String, generation: Int, stages: [StageInfo]) {
        self.pipeline = pipeline
        self.generation = generation
        self.stages = stages
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__list_stages_reply__unpack) {
            message throws(WireError) in
            unsafe ListStagesReply(
                pipeline: try validText(message.pipeline, "pipeline", limit: TextLimit.name),
                generation: Int(message.generation),
                stages: try elements(message.stages, message.n_stages) {
                    stage throws(WireError) in
                    try unsafe StageInfo(stage)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__list_stages_reply__init) { message, arena in
            unsafe message.pipeline = arena.string(pipeline)
            unsafe message.generation = UInt32(clamping: generation)
            unsafe message.n_stages = stages.count
            unsafe message.stages = arena.list(stages) { unsafe $0.packed(&$1) }
        }
    }
}

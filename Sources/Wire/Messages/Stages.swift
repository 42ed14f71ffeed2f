internal import CProtobufC

/// One stage of the pipeline that serves requests.
public struct StageInfo: Sendable, Equatable {
    private static let nameLimit = 1024

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

    public init(
        kind: String, name: String, plugin: String, version: String, weightsSHA256: String,
        fileSHA256: String
    ) {
        self.kind = kind
        self.name = name
        self.plugin = plugin
        self.version = version
        self.weightsSHA256 = weightsSHA256
        self.fileSHA256 = fileSHA256
    }

    init(_ stage: Voken__V1__Stage) throws(WireError) {
        unsafe self.init(
            kind: try validText(stage.kind, "a stage's kind", limit: Self.nameLimit),
            name: try validText(stage.name, "a stage's name", limit: Self.nameLimit),
            plugin: try validText(stage.plugin, "a plugin's name", limit: Self.nameLimit),
            version: try validText(stage.version, "a plugin's version", limit: Self.nameLimit),
            weightsSHA256: try validText(stage.weights_sha256, "a hash", limit: Self.nameLimit),
            fileSHA256: try validText(stage.file_sha256, "a hash", limit: Self.nameLimit))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Stage>? {
        unsafe arena.message(voken__v1__stage__init) { stage, arena in
            unsafe stage.kind = arena.string(kind)
            unsafe stage.name = arena.string(name)
            unsafe stage.plugin = arena.string(plugin)
            unsafe stage.version = arena.string(version)
            unsafe stage.weights_sha256 = arena.string(weightsSHA256)
            unsafe stage.file_sha256 = arena.string(fileSHA256)
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
                pipeline: try validText(message.pipeline, "pipeline", limit: 1024),
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

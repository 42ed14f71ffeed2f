import Checkpoints
public import PluginHost

/// What a request gets that does not say: the table `[defaults]`.
public struct RequestDefaults: Sendable, Equatable {
    public let scenes: Int
    /// As users of schedulers count them; PNDM, for one, calls the UNet once more.
    public let steps: Int
    public let guidance: Guidance
    public let shortcuts: Shortcuts
    /// `nil` for a seed drawn anew for each request.
    public let seed: UInt64?

    init(_ table: Settings, limits: RequestLimits) throws(SettingError) {
        scenes = try table.integer("scenes", default: min(4, limits.scenes), in: 1...limits.scenes)
        steps = try table.integer("steps", default: min(50, limits.steps), in: 1...limits.steps)
        guidance = Guidance(
            scale: try table.number("guidance", default: 7.5, in: RequestLimits.guidance),
            rescale: try table.number(
                "guidance_rescale", default: 0, in: RequestLimits.guidanceRescale))
        shortcuts = Shortcuts(
            guidanceInterval: try Self.interval(table),
            deepCache: try table.integer("deep_cache", default: 1, in: RequestLimits.deepCache),
            tokenMerging: try table.number(
                "token_merging", default: 0, in: RequestLimits.tokenMerging))
        seed = try Self.seed(table)
    }

    private static func interval(_ table: Settings) throws(SettingError) -> GuidanceInterval {
        let values: [SettingValue]
        switch table.value("guidance_interval") {
        case nil: return .all
        case .array(let elements)?: values = elements
        case let other?: values = [other]
        }
        guard !values.isEmpty else { return .all }
        let bounds = values.compactMap { value in
            switch value {
            case .integer(let integer): Double(integer)
            case .number(let number): number
            default: nil
            }
        }
        guard bounds.count == 2, values.count == 2, bounds[0] >= 0, bounds[0] < bounds[1] else {
            throw table.error(
                "guidance_interval",
                "expected two noise levels from 0 up, the lower one first, or [] for all")
        }
        return GuidanceInterval(low: bounds[0], high: bounds[1])
    }

    private static func seed(_ table: Settings) throws(SettingError) -> UInt64? {
        switch table.value("seed") {
        case nil, .string("random"): nil
        case .integer(let seed) where seed >= 0: UInt64(seed)
        default: throw table.error("seed", "expected \"random\" or an integer from 0 up")
        }
    }
}

/// What a request may ask for: the table `[limits]`. All are checked before a request is queued.
public struct RequestLimits: Sendable, Equatable {
    public static let guidance = 0.0...100.0
    public static let guidanceRescale = 0.0...1.0
    public static let deepCache = 1...100
    public static let tokenMerging = 0.0...0.75

    /// UTF-8 bytes of a prompt.
    public let promptBytes: Int
    public let scenes: Int
    public let steps: Int
    /// Pictures sent along with a prompt.
    public let images: Int
    /// Bytes of one picture's file.
    public let imageBytes: Int
    /// Width times height of one picture, known before it is decoded.
    public let imagePixels: Int
    /// Requests waiting behind those that run.
    public let queue: Int
    /// Of one user, waiting and running.
    public let jobsPerUser: Int
    /// Bytes of the prompts and pictures of one user's waiting requests.
    public let requestBytesPerUser: Int
    /// Positions of the language model that a request may use; the model may have fewer.
    public let contextTokens: Int

    init(_ table: Settings) throws(SettingError) {
        promptBytes = try table.integer("prompt_bytes", default: 4096, in: 1...1 << 20)
        scenes = try table.integer("scenes", default: 16, in: 1...1000)
        steps = try table.integer("steps", default: 250, in: 1...1000)
        images = try table.integer("images", default: 4, in: 0...64)
        imageBytes = try table.integer("image_bytes", default: 16 << 20, in: 1...1 << 30)
        imagePixels = try table.integer("image_pixels", default: 16_000_000, in: 1...1 << 28)
        queue = try table.integer("queue", default: 64, in: 0...100_000)
        jobsPerUser = try table.integer("jobs_per_user", default: 32, in: 1...100_000)
        requestBytesPerUser = try table.integer(
            "request_bytes_per_user", default: 256 << 20, in: 1...1 << 40)
        contextTokens = try table.integer("context_tokens", default: 2048, in: 64...1 << 20)
    }
}

/// How the engine runs: the table `[engine]`.
public struct EngineOptions: Sendable, Equatable {
    /// Threads of one operation; 0 for one a core. The output does not depend on it.
    public let threads: Int
    /// Jobs that run at a time, step by step in turns.
    public let concurrency: Int
    /// The most latents of one call of the UNet, over several jobs. A job's own pair for guidance
    /// is not split.
    public let unetBatch: Int
    /// Positions that one step of prefill appends, so that a long prompt can be cancelled.
    public let prefillChunk: Int
    /// Of the beginnings of prompts that are held for other requests; 0 for none.
    public let promptCacheBytes: Int
    /// Does what the published code does, oddities included, where it differs from what users
    /// want: see ``StopRule`` and ``Sampler``.
    public let faithful: Bool
    /// Bytes that stages, activations and caches may take together; `nil` for no limit.
    public let memoryLimit: Int?

    init(_ table: Settings) throws(SettingError) {
        threads = try table.integer("threads", default: 0, in: 0...256)
        concurrency = try table.integer("concurrency", default: 4, in: 1...64)
        unetBatch = try table.integer("unet_batch", default: 4, in: 1...64)
        prefillChunk = try table.integer("prefill_chunk", default: 64, in: 1...4096)
        promptCacheBytes = try table.integer(
            "prompt_cache_bytes", default: 256 << 20, in: 0...1 << 44)
        faithful = try table.boolean("faithful", default: false)
        let megabytes = try table.integer("memory_limit_mb", default: 0, in: 0...1 << 30)
        memoryLimit = megabytes == 0 ? nil : megabytes << 20
    }
}

/// How many conversations are kept, and how long: the table `[sessions]`.
public struct SessionOptions: Sendable, Equatable {
    public let maximum: Int
    public let perUser: Int
    /// Of one session.
    public let turns: Int
    /// What stages have made of sessions at rest: key-value caches, encodings of pictures.
    public let cacheBytes: Int
    /// Pictures and texts of all sessions.
    public let bytes: Int
    /// After which a session that is not used is deleted; `nil` for never.
    public let timeToLive: Duration?

    init(_ table: Settings) throws(SettingError) {
        maximum = try table.integer("max", default: 256, in: 0...100_000)
        perUser = try table.integer("per_user", default: 32, in: 1...100_000)
        turns = try table.integer("turns", default: 200, in: 1...10_000)
        cacheBytes = try table.integer("cache_bytes", default: 512 << 20, in: 0...1 << 44)
        bytes = try table.integer("bytes", default: 1 << 30, in: 0...1 << 44)
        let seconds = try table.integer("ttl_s", default: 3600, in: 0...31_622_400)
        timeToLive = seconds == 0 ? nil : .seconds(seconds)
    }
}

/// How the language model is prompted and sampled: the table `[language]`.
public struct LanguageOptions: Sendable, Equatable {
    public enum Beginning: String, Sendable, CaseIterable {
        case beginning = "<s>"
        case end = "</s>"
    }

    public let task: PromptTask
    public let prompts: PromptProfile
    /// The token whose embedding opens every prompt.
    public let beginning: Beginning
    public let sampling: Sampling
    /// Tokens of one scene; an image counts as one.
    public let maxNewTokens: Int
    /// Gives every scene an image: see ``Sampler`` for the faithful way. Otherwise an end of turn
    /// without an image before it is taken as `[IMG0]`.
    public let forceGeneration: Bool

    init(_ table: Settings) throws(SettingError) {
        task = try table.choice("task", default: .story)
        prompts = try table.choice("prompts", default: .head)
        beginning = try table.choice("beginning", default: prompts.beginning)
        sampling = Sampling(
            temperature: try table.number("temperature", default: 1, in: 0.01...100),
            topK: try table.integer("top_k", default: 50, in: 0...1 << 20),
            topP: try table.number("top_p", default: 0.9, in: 0.001...1),
            repetitionPenalty: try table.number("repetition_penalty", default: 2, in: 0.1...10))
        maxNewTokens = try table.integer("max_new_tokens", default: 256, in: 1...8192)
        forceGeneration = try table.boolean("force_generation", default: false)
    }
}

/// How stages are replaced while requests run: the table `[swap]`.
public struct SwapOptions: Sendable, Equatable {
    public let isEnabled: Bool
    /// Generations that stay loaded after they have served, for a rollback.
    public let keptGenerations: Int
    /// Generations at a time, those included that wait for their last request.
    public let maximumGenerations: Int
    /// Swaps that wait for their turn.
    public let queue: Int
    public let probing: LoadChecks.Probing
    public let probeMilliseconds: Int
    /// A file of the SHA-256 sums of the plugins that may be loaded; `nil` for no such limit.
    public let allowList: String?

    init(_ table: Settings, folder: String) throws(SettingError) {
        isEnabled = try table.boolean("enabled", default: true)
        keptGenerations = try table.integer("keep_generations", default: 1, in: 0...16)
        maximumGenerations = try table.integer("max_generations", default: 16, in: 2...100_000)
        queue = try table.integer("queue", default: 16, in: 0...1000)
        probing = try table.choice("probe", default: .construct)
        probeMilliseconds = try table.integer(
            "probe_timeout_ms", default: 30_000, in: 100...3_600_000)
        allowList =
            table.value("allow_sha256") == nil
            ? nil : FilePath.resolve(try table.string("allow_sha256"), from: folder)
    }

    var checks: LoadChecks { LoadChecks(probing: probing, selfTest: true) }
}

internal import CProtobufC

/// What `voken.v1.Generation/Generate` takes.
public struct GenerateRequest: Message {
    private static let promptLimit = 256 << 10
    private static let nameLimit = 64

    public var prompt: String
    /// Turns in all.
    public var scenes: Int?
    /// PNG or JPEG files: with the rest of the request at most ``Frame/maximumCount`` bytes.
    public var images: [[UInt8]]
    public var steps: Int?
    public var seed: UInt64?
    /// The weight of classifier-free guidance.
    public var guidance: Double?
    /// 0 to 1: how far guided outputs are scaled back to the spread of unguided ones.
    public var guidanceRescale: Double?
    /// By the name it has in the pipeline, or that of any scheduler in the plugin directories.
    public var scheduler: String?
    /// From receipt, in nanoseconds; 0 is no limit.
    public var timeout: Int64
    /// Of the scheduler, for this request alone: a JSON object of at most
    /// 64 KiB, or empty.
    public var schedulerOptions: String
    /// -10 to 10; among the jobs of one user, those of a higher priority begin first.
    public var priority: Int
    public var onDisconnect: OnDisconnect
    public var shortcuts: ShortcutOptions

    public init(
        prompt: String, scenes: Int? = nil, images: [[UInt8]] = [], steps: Int? = nil,
        seed: UInt64? = nil, guidance: Double? = nil, guidanceRescale: Double? = nil,
        scheduler: String? = nil, timeout: Int64 = 0,
        schedulerOptions: String = "", priority: Int = 0, onDisconnect: OnDisconnect = .byDefault,
        shortcuts: ShortcutOptions = ShortcutOptions()
    ) {
        self.prompt = prompt
        self.scenes = scenes
        self.images = images
        self.steps = steps
        self.seed = seed
        self.guidance = guidance
        self.guidanceRescale = guidanceRescale
        self.scheduler = scheduler
        self.timeout = timeout
        self.schedulerOptions = schedulerOptions
        self.priority = priority
        self.onDisconnect = onDisconnect
        self.shortcuts = shortcuts
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__generate_request__unpack) {
            message throws(WireError) in try unsafe GenerateRequest(message)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__generate_request__init) { unsafe fill(&$0, &$1) }
    }
}

// MARK: - Alone, or as a turn of a session

extension GenerateRequest {
    init(_ message: Voken__V1__GenerateRequest) throws(WireError) {
        guard let onDisconnect = unsafe OnDisconnect(message.on_disconnect) else {
            throw WireError(
                .malformed, "on_disconnect is \(unsafe message.on_disconnect.rawValue): use 0 to 2")
        }
        unsafe self.init(
            prompt: try validText(message.prompt, "prompt", limit: Self.promptLimit),
            images: values(message.images, message.n_images) { unsafe [UInt8]($0) },
            timeout: message.timeout_nano,
            schedulerOptions: try validText(
                message.scheduler_options, "scheduler_options", limit: TextLimit.options),
            priority: Int(message.priority), onDisconnect: onDisconnect,
            shortcuts: try part(message.shortcuts) { part throws(WireError) in
                try unsafe ShortcutOptions(part)
            } ?? ShortcutOptions())
        if unsafe message.optional_scenes_case
            == VOKEN__V1__GENERATE_REQUEST__OPTIONAL_SCENES_SCENES
        {
            scenes = unsafe Int(message.scenes)
        }
        if unsafe message.optional_steps_case
            == VOKEN__V1__GENERATE_REQUEST__OPTIONAL_STEPS_STEPS
        {
            steps = unsafe Int(message.steps)
        }
        if unsafe message.optional_seed_case == VOKEN__V1__GENERATE_REQUEST__OPTIONAL_SEED_SEED {
            seed = unsafe message.seed
        }
        if unsafe message.optional_guidance_case
            == VOKEN__V1__GENERATE_REQUEST__OPTIONAL_GUIDANCE_GUIDANCE
        {
            guidance = unsafe message.guidance
        }
        if unsafe message.optional_guidance_rescale_case
            == VOKEN__V1__GENERATE_REQUEST__OPTIONAL_GUIDANCE_RESCALE_GUIDANCE_RESCALE
        {
            guidanceRescale = unsafe message.guidance_rescale
        }
        if unsafe message.optional_scheduler_case
            == VOKEN__V1__GENERATE_REQUEST__OPTIONAL_SCHEDULER_SCHEDULER
        {
            scheduler = try unsafe validText(
                message.scheduler, "scheduler", limit: Self.nameLimit)
        }
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__GenerateRequest>? {
        unsafe arena.message(voken__v1__generate_request__init) { unsafe fill(&$0, &$1) }
    }

    private func fill(_ message: inout Voken__V1__GenerateRequest, _ arena: inout Arena) {
        unsafe message.prompt = arena.string(prompt)
        unsafe message.n_images = images.count
        unsafe message.images = arena.list(images) { unsafe $1.bytes($0) }
        if let scenes {
            unsafe message.optional_scenes_case =
                VOKEN__V1__GENERATE_REQUEST__OPTIONAL_SCENES_SCENES
            unsafe message.scenes = UInt32(clamping: scenes)
        }
        if let steps {
            unsafe message.optional_steps_case = VOKEN__V1__GENERATE_REQUEST__OPTIONAL_STEPS_STEPS
            unsafe message.steps = UInt32(clamping: steps)
        }
        if let seed {
            unsafe message.optional_seed_case = VOKEN__V1__GENERATE_REQUEST__OPTIONAL_SEED_SEED
            unsafe message.seed = seed
        }
        if let guidance {
            unsafe message.optional_guidance_case =
                VOKEN__V1__GENERATE_REQUEST__OPTIONAL_GUIDANCE_GUIDANCE
            unsafe message.guidance = guidance
        }
        if let guidanceRescale {
            unsafe message.optional_guidance_rescale_case =
                VOKEN__V1__GENERATE_REQUEST__OPTIONAL_GUIDANCE_RESCALE_GUIDANCE_RESCALE
            unsafe message.guidance_rescale = guidanceRescale
        }
        if let scheduler {
            unsafe message.optional_scheduler_case =
                VOKEN__V1__GENERATE_REQUEST__OPTIONAL_SCHEDULER_SCHEDULER
            unsafe message.scheduler = arena.string(scheduler)
        }
        unsafe message.timeout_nano = timeout
        unsafe message.scheduler_options = arena.string(schedulerOptions)
        unsafe message.priority = Int32(clamping: priority)
        unsafe message.on_disconnect = onDisconnect.packed
        unsafe message.shortcuts = shortcuts.packed(&arena)
    }
}

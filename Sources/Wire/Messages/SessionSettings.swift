internal import CProtobufC

/// What turns of a session get that do not say; `nil` is as the pipeline file says.
public struct SessionSettings: Sendable, Equatable {
    public var steps: Int?
    /// Of the session: turn n draws from it and from n.
    public var seed: UInt64?
    /// The weight of classifier-free guidance.
    public var guidance: Double?
    /// 0 to 1: how far guided outputs are scaled back to the spread of unguided ones.
    public var guidanceRescale: Double?
    public var scheduler: String?
    /// A JSON object, or empty.
    public var schedulerOptions: String
    public var shortcuts: ShortcutOptions

    public init(
        steps: Int? = nil, seed: UInt64? = nil, guidance: Double? = nil,
        guidanceRescale: Double? = nil, scheduler: String? = nil,
        schedulerOptions: String = "", shortcuts: ShortcutOptions = ShortcutOptions()
    ) {
        self.steps = steps
        self.seed = seed
        self.guidance = guidance
        self.guidanceRescale = guidanceRescale
        self.scheduler = scheduler
        self.schedulerOptions = schedulerOptions
        self.shortcuts = shortcuts
    }

    init(_ message: Voken__V1__SessionSettings) throws(WireError) {
        unsafe self.init(
            schedulerOptions: try validText(
                message.scheduler_options, "scheduler_options", limit: TextLimit.options),
            shortcuts: try part(message.shortcuts) { part throws(WireError) in
                try unsafe ShortcutOptions(part)
            } ?? ShortcutOptions())
        if unsafe message.optional_steps_case
            == VOKEN__V1__SESSION_SETTINGS__OPTIONAL_STEPS_STEPS
        {
            steps = unsafe Int(message.steps)
        }
        if unsafe message.optional_seed_case == VOKEN__V1__SESSION_SETTINGS__OPTIONAL_SEED_SEED {
            seed = unsafe message.seed
        }
        if unsafe message.optional_guidance_case
            == VOKEN__V1__SESSION_SETTINGS__OPTIONAL_GUIDANCE_GUIDANCE
        {
            guidance = unsafe message.guidance
        }
        if unsafe message.optional_guidance_rescale_case
            == VOKEN__V1__SESSION_SETTINGS__OPTIONAL_GUIDANCE_RESCALE_GUIDANCE_RESCALE
        {
            guidanceRescale = unsafe message.guidance_rescale
        }
        if unsafe message.optional_scheduler_case
            == VOKEN__V1__SESSION_SETTINGS__OPTIONAL_SCHEDULER_SCHEDULER
        {
            scheduler = try unsafe validText(
                message.scheduler, "scheduler", limit: TextLimit.name)
        }
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__SessionSettings>? {
        unsafe arena.message(voken__v1__session_settings__init) { message, arena in
            if let steps {
                unsafe message.optional_steps_case =
                    VOKEN__V1__SESSION_SETTINGS__OPTIONAL_STEPS_STEPS
                unsafe message.steps = UInt32(clamping: steps)
            }
            if let seed {
                unsafe message.optional_seed_case =
                    VOKEN__V1__SESSION_SETTINGS__OPTIONAL_SEED_SEED
                unsafe message.seed = seed
            }
            if let guidance {
                unsafe message.optional_guidance_case =
                    VOKEN__V1__SESSION_SETTINGS__OPTIONAL_GUIDANCE_GUIDANCE
                unsafe message.guidance = guidance
            }
            if let guidanceRescale {
                unsafe message.optional_guidance_rescale_case =
                    VOKEN__V1__SESSION_SETTINGS__OPTIONAL_GUIDANCE_RESCALE_GUIDANCE_RESCALE
                unsafe message.guidance_rescale = guidanceRescale
            }
            if let scheduler {
                unsafe message.optional_scheduler_case =
                    VOKEN__V1__SESSION_SETTINGS__OPTIONAL_SCHEDULER_SCHEDULER
                unsafe message.scheduler = arena.string(scheduler)
            }
            unsafe message.scheduler_options = arena.string(schedulerOptions)
            unsafe message.shortcuts = shortcuts.packed(&arena)
        }
    }
}

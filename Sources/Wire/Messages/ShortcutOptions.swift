internal import CProtobufC

/// Ways to draw faster that bring another picture than the exact one; `nil` is as the pipeline file
/// says.
public struct ShortcutOptions: Sendable, Equatable {
    /// The noise levels at which guidance is used: above `low`, and up to `high`.
    public struct GuidanceInterval: Sendable, Equatable {
        public var low: Double
        public var high: Double

        public init(low: Double, high: Double) {
            self.low = low
            self.high = high
        }
    }

    public var guidanceInterval: GuidanceInterval?
    /// Of the calls of the UNet every so many goes all the way down.
    public var deepCache: Int?
    /// 0 to 0.75: the share of the tokens of self-attention that are merged into others.
    public var tokenMerging: Double?

    public init(
        guidanceInterval: GuidanceInterval? = nil, deepCache: Int? = nil,
        tokenMerging: Double? = nil
    ) {
        self.guidanceInterval = guidanceInterval
        self.deepCache = deepCache
        self.tokenMerging = tokenMerging
    }

    init(_ message: Voken__V1__Shortcuts) throws(WireError) {
        unsafe self.init(
            guidanceInterval: try part(message.guidance_interval) {
                unsafe GuidanceInterval(low: $0.low, high: $0.high)
            })
        if unsafe message.optional_deep_cache_case
            == VOKEN__V1__SHORTCUTS__OPTIONAL_DEEP_CACHE_DEEP_CACHE
        {
            deepCache = unsafe Int(message.deep_cache)
        }
        if unsafe message.optional_token_merging_case
            == VOKEN__V1__SHORTCUTS__OPTIONAL_TOKEN_MERGING_TOKEN_MERGING
        {
            tokenMerging = unsafe message.token_merging
        }
    }

    /// Absent if nothing is said.
    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Shortcuts>? {
        guard self != ShortcutOptions() else { return nil }
        return unsafe arena.message(voken__v1__shortcuts__init) { message, arena in
            if let guidanceInterval {
                unsafe message.guidance_interval = arena.message(
                    voken__v1__guidance_interval__init
                ) { message, _ in
                    unsafe message.low = guidanceInterval.low
                    unsafe message.high = guidanceInterval.high
                }
            }
            if let deepCache {
                unsafe message.optional_deep_cache_case =
                    VOKEN__V1__SHORTCUTS__OPTIONAL_DEEP_CACHE_DEEP_CACHE
                unsafe message.deep_cache = UInt32(clamping: deepCache)
            }
            if let tokenMerging {
                unsafe message.optional_token_merging_case =
                    VOKEN__V1__SHORTCUTS__OPTIONAL_TOKEN_MERGING_TOKEN_MERGING
                unsafe message.token_merging = tokenMerging
            }
        }
    }
}

import Checkpoints
import Stages

/// Where guidance is used: while the sample's noise level σ lies in an interval; a call outside it
/// has no unconditional half (Kynkäänniemi et al. 2024, arXiv 2404.07724, equation 6).
public struct GuidanceInterval: Sendable, Equatable {
    /// Above the first and up to the second.
    public let low, high: Double

    /// No call is outside.
    public static let all = GuidanceInterval(low: 0, high: .infinity)

    public init(low: Double, high: Double) {
        self.low = low
        self.high = high
    }

    var isAll: Bool { self == .all }

    func contains(_ sigma: Double) -> Bool { low < sigma && sigma <= high }
}

/// Ways to draw faster that bring another picture than the exact one; see `etc/doc/shortcuts.md`.
/// What is on is named in the picture's recipe.
public struct Shortcuts: Sendable, Equatable {
    public var guidanceInterval: GuidanceInterval
    /// Of the UNet's calls every so many goes all the way down, and those between reuse its deep
    /// features; 1 is none.
    public var deepCache: Int
    /// Of the tokens of self-attention, how many are merged into others: 0 to 0.75; 0 is none.
    public var tokenMerging: Double

    /// Exact.
    public static let none = Shortcuts()

    public init(
        guidanceInterval: GuidanceInterval = .all, deepCache: Int = 1, tokenMerging: Double = 0
    ) {
        self.guidanceInterval = guidanceInterval
        self.deepCache = deepCache
        self.tokenMerging = tokenMerging
    }

    /// As the recipe has it; `nil` if the picture is exact.
    func recipe(_ guidance: Guidance) -> String? {
        var parts: [String] = []
        if guidance.isOn, !guidanceInterval.isAll {
            parts.append("guidance_interval \(guidanceInterval.low):\(guidanceInterval.high)")
        }
        if deepCache > 1 { parts.append("deep_cache \(deepCache)") }
        if tokenMerging > 0 { parts.append("token_merging \(tokenMerging)") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

/// What a request or a session says of ``Shortcuts``; `nil` is as the pipeline file says.
public struct ShortcutSettings: Sendable, Equatable {
    public var guidanceInterval: GuidanceInterval?
    public var deepCache: Int?
    public var tokenMerging: Double?

    public init(
        guidanceInterval: GuidanceInterval? = nil, deepCache: Int? = nil,
        tokenMerging: Double? = nil
    ) {
        self.guidanceInterval = guidanceInterval
        self.deepCache = deepCache
        self.tokenMerging = tokenMerging
    }

    /// These, and others where these say nothing.
    func over(_ others: ShortcutSettings) -> ShortcutSettings {
        ShortcutSettings(
            guidanceInterval: guidanceInterval ?? others.guidanceInterval,
            deepCache: deepCache ?? others.deepCache,
            tokenMerging: tokenMerging ?? others.tokenMerging)
    }

    func over(_ defaults: Shortcuts) -> Shortcuts {
        Shortcuts(
            guidanceInterval: guidanceInterval ?? defaults.guidanceInterval,
            deepCache: deepCache ?? defaults.deepCache,
            tokenMerging: tokenMerging ?? defaults.tokenMerging)
    }
}

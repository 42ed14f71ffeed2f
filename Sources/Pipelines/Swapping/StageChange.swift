public import Checkpoints
public import Stages

/// What a swap of one stage asks for.
public struct StageChange: Sendable, Equatable {
    public var kind: StageKind
    /// A stage's name or the absolute path of a plugin's file; `nil` for the plugin that serves,
    /// loaded anew if its file has changed.
    public var plugin: String?
    /// The absolute path of a model folder, or of a safetensors file in place of the weights of
    /// the folder; `nil` keeps what serves.
    public var weights: String?
    /// Options that the new stage must know.
    public var options: [String: SettingValue]
    /// Whether to forget the options that serve.
    public var isFresh: Bool

    public init(
        _ kind: StageKind, plugin: String? = nil, weights: String? = nil,
        options: [String: SettingValue] = [:], isFresh: Bool = false
    ) {
        self.kind = kind
        self.plugin = plugin
        self.weights = weights
        self.options = options
        self.isFresh = isFresh
    }
}

/// How to wait for the requests of the generation that was replaced.
public struct DrainPolicy: Sendable, Equatable {
    /// Zero does not wait.
    public var timeout: Duration
    /// Whether requests that are left then are cancelled. Otherwise they go on.
    public var cancels: Bool

    public init(timeout: Duration = .seconds(60), cancels: Bool = false) {
        self.timeout = timeout
        self.cancels = cancels
    }
}

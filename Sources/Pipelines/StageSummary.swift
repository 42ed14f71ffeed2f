public import Checkpoints
import PluginHost
public import Stages

/// A loaded stage, for people.
public struct StageSummary: Sendable, Equatable {
    public var kind: StageKind
    public var name: String
    public var version: String
    /// The plugin's file, and the SHA-256 of the code that was loaded from it.
    public var plugin: String
    public var pluginHash: String
    /// The model folder, and the SHA-256 of its weights; see `ModelFolder/weightsHash`.
    public var model: String?
    public var weightsHash: String?

    /// The settings that it was made with.
    public var options: [String: SettingValue]

    public init(
        kind: StageKind, name: String, version: String, plugin: String, pluginHash: String,
        model: String? = nil, weightsHash: String? = nil, options: [String: SettingValue] = [:]
    ) {
        self.kind = kind
        self.name = name
        self.version = version
        self.plugin = plugin
        self.pluginHash = pluginHash
        self.model = model
        self.weightsHash = weightsHash
        self.options = options
    }

    init(_ loaded: LoadedStage, _ entry: StageEntry) {
        kind = loaded.descriptor.kind
        name = loaded.descriptor.name
        version = loaded.descriptor.version
        plugin = entry.code == nil ? loaded.path : entry.plugin
        pluginHash = loaded.plugin.sha256
        model = loaded.model?.path
        weightsHash = loaded.model?.weightsHash
        options = loaded.options
    }
}

import PluginHost
public import Stages

/// A loaded stage, for people.
public struct StageSummary: Sendable, Equatable {
    public let kind: StageKind
    public let name: String
    public let version: String
    /// The plugin's file, and the SHA-256 of the code that was loaded from it.
    public let plugin: String
    public let pluginHash: String
    /// The model folder, and the SHA-256 of its weights; see `ModelFolder/weightsHash`.
    public let model: String?
    public let weightsHash: String?

    init(_ loaded: LoadedStage) {
        kind = loaded.descriptor.kind
        name = loaded.descriptor.name
        version = loaded.descriptor.version
        plugin = loaded.plugin.path
        pluginHash = loaded.plugin.sha256
        model = loaded.model?.path
        weightsHash = loaded.model?.weightsHash
    }
}

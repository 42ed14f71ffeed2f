public import Layers
public import Stages

/// What somebody wants to be imported.
public struct ImportOrder: Sendable {
    /// Files and folders.
    public var sources: [String]
    /// The model's folder, which must not be there yet.
    public var target: String
    public var types: WeightTypes
    /// Empty for all that the sources have.
    public var stages: Set<StageKind>
    /// Names of tensors that may be left out, with `*` for any run of characters.
    public var ignored: [String]
    /// Whether a model that is at the target is replaced.
    public var force: Bool
    /// For the manifest: a program and its version.
    public var tool: String

    public init(
        sources: [String], target: String, types: WeightTypes = WeightTypes(.f32),
        stages: Set<StageKind> = [],
        ignored: [String] = [], force: Bool = false, tool: String
    ) {
        self.sources = sources
        self.target = target
        self.types = types
        self.stages = stages
        self.ignored = ignored
        self.force = force
        self.tool = tool
    }
}

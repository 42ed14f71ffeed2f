public import Checkpoints
public import Stages

/// A stage that was constructed, with where its code and its weights come from.
public struct LoadedStage: Sendable {
    public let stage: any Stage
    public let descriptor: StageDescriptor
    public let plugin: PluginImage
    /// The folder that its weights were read from, if it has any.
    public let model: ModelFolder?

    /// Constructs a stage: reads its settings and its weights.
    init(
        _ type: any Stage.Type, of plugin: PluginImage, _ context: StageContext
    ) throws(PluginError) {
        do {
            stage = try type.init(context)
            try context.settings.requireAllRead()
        } catch {
            throw PluginError(
                .stageFailed, plugin.path, "cannot make the stage \(type.descriptor.name)",
                cause: error)
        }
        descriptor = type.descriptor
        self.plugin = plugin
        model = context.model
    }
}

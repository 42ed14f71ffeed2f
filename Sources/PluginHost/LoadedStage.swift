public import Checkpoints
public import Stages
public import Tensors

/// A stage that was constructed, with where its code and its weights come from.
public struct LoadedStage: Sendable {
    /// Whether it takes memory, and where it comes back from.
    public let residence: StageResidence
    public let descriptor: StageDescriptor
    public let plugin: PluginImage
    /// The file that was asked for. Equal files share an image, whose own path may be another's.
    public let path: String
    /// The folder that its weights were read from, if it has any.
    public let model: ModelFolder?
    /// Its settings, those left out that it does not know.
    public let options: [String: SettingValue]
    /// What its construction holds: weights that were rearranged or converted.
    public let weights: MemoryAccount
    /// What its calls hold, to be charged by whoever calls: caches and activations.
    public let work: MemoryAccount

    public var stage: any Stage { residence.stage }

    /// Constructs a stage: reads its settings and its weights.
    init(
        _ type: any Stage.Type, of plugin: PluginImage, path: String, _ order: StageOrder
    ) throws(PluginError) {
        let context = order.context
        let source = context.model.map { " from \($0.weightsOverride ?? $0.path)" } ?? ""
        let message = "cannot make the stage \(type.descriptor.name)\(source)"
        let account = MemoryAccount()
        let stage: any Stage
        do {
            stage = try MemoryAccount.charging(account) { try type.init(context) }
            try context.settings.requireAllRead(except: order.tolerated)
        } catch let error as SettingError {
            throw PluginError(.badSetting, path, message, cause: error)
        } catch {
            throw PluginError(.constructorThrew, path, message, cause: error)
        }
        descriptor = type.descriptor
        self.plugin = plugin
        self.path = path
        model = context.model
        var options: [String: SettingValue] = [:]
        for key in context.settings.readKeys { options[key] = context.settings.value(key) }
        self.options = options
        weights = account
        let silent = StageContext(model: context.model, settings: context.settings)
        residence = StageResidence(
            stage, type.descriptor.kind, model: context.model, account: account
        ) { try type.init(silent) }
        work = MemoryAccount()
    }
}

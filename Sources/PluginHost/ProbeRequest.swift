import Checkpoints
import Stages

/// What a probe is to make: a ``StageOrder`` that can be handed to another process.
public struct ProbeRequest: Sendable, Equatable {
    let kind: StageKind
    /// `nil` for the only stage of the kind.
    let name: String?
    let model: String?
    let weights: String?
    let settings: [String: SettingValue]
    /// The full key of the settings, for messages.
    let path: String
    let tolerated: [String]

    init(_ order: StageOrder) {
        kind = order.kind
        name = order.reference.stage
        model = order.context.model?.path
        weights = order.context.model?.weightsOverride
        settings = order.context.settings.values
        path = order.context.settings.path
        tolerated = order.tolerated.sorted()
    }

    var json: String {
        var table: [String: SettingValue] = [
            "kind": .string(kind.rawValue), "settings": .table(settings), "path": .string(path),
            "tolerated": .array(tolerated.map { .string($0) }),
        ]
        table["name"] = name.map { .string($0) }
        table["model"] = model.map { .string($0) }
        table["weights"] = weights.map { .string($0) }
        return SettingValue.table(table).json
    }

    public init(json: String) throws {
        guard case .table(let values) = try JSON.parse(Array(json.utf8)) else {
            throw SettingError(key: "request", message: "not a JSON object")
        }
        let table = Settings(values)
        kind = try table.choice("kind")
        name = table.value("name") == nil ? nil : try table.string("name")
        model = table.value("model") == nil ? nil : try table.string("model")
        weights = table.value("weights") == nil ? nil : try table.string("weights")
        settings = try table.table("settings").values
        path = try table.string("path")
        tolerated = try table.strings("tolerated")
    }

    /// Makes the stage and runs its checks.
    /// - Parameter progress: told before each of the two.
    public func run(on image: PluginImage, progress: (LoadPhase) -> Void) throws {
        let folder = try model.map { try ModelFolder.open($0, weights: weights) }
        let context = StageContext(model: folder, settings: Settings(settings, path: path))
        let order = StageOrder(
            kind, plugin: name ?? image.path, context, tolerated: Set(tolerated))
        progress(.construct)
        let loaded = try image.make(order)
        progress(.selfTest)
        try StageChecks.run(loaded.stage)
    }
}

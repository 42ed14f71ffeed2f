import Checkpoints
import PluginHost
import Stages

/// One stage as a pipeline names it.
struct StageEntry: Sendable, Equatable {
    let kind: StageKind
    /// A `PluginReference`: the name of the stage in its plugin (`llama`), or the path of a
    /// plugin's file. A scheduler's name is what the user calls it: see ``SchedulerName``.
    var plugin: String
    /// The model folder's absolute path.
    var model: String?
    /// The absolute path of a safetensors file that takes the place of the folder's weights.
    var weights: String?
    /// The full key of the table: `stage.unet`.
    let key: String
    /// The other keys of the table: the stage's own.
    var options: [String: SettingValue]
    /// Options that the stage need not know: those that were there when it took another's place.
    var remembered: Set<String> = []
    /// Options that were there when the stage got its name, which counts for more than they do.
    var outranked: Set<String> = []
    /// The committed code of a plugin that was named by its file, which may be another by now.
    var code: CommittedCode?

    /// A copy of a plugin's file in the state directory.
    struct CommittedCode: Sendable, Equatable {
        let path: String
        let sha256: String

        /// Whether a plugin's file still is what was committed.
        func isOf(_ plugin: String) -> Bool {
            guard let file = PluginReference(plugin).file,
                let bytes = try? BoundedFile.read(file, limit: GenerationStore.maximumCode)
            else { return false }
            return SHA256.hash(bytes) == sha256
        }
    }

    init(
        _ kind: StageKind, plugin: String, model: String? = nil, weights: String? = nil,
        key: String, options: [String: SettingValue]
    ) {
        self.kind = kind
        self.plugin = plugin
        self.model = model
        self.weights = weights
        self.key = key
        self.options = options
    }

    /// A stage's table: only the stage knows the rest of its keys.
    init(
        _ kind: StageKind, _ value: SettingValue, key: String, folder: String
    ) throws(SettingError) {
        guard case .table(let values) = value else {
            throw SettingError(key: key, message: "expected a table, found \(value.kind)")
        }
        let table = Settings(values, path: key)
        func path(_ name: String) throws(SettingError) -> String? {
            guard table.value(name) != nil else { return nil }
            return FilePath.resolve(try table.string(name), from: folder)
        }
        var plugin = try table.string("plugin")
        if plugin.contains("/") { plugin = FilePath.resolve(plugin, from: folder) }
        self.init(
            kind, plugin: plugin, model: try path("model"), weights: try path("weights"), key: key,
            options: values.filter { !Self.ownKeys.contains($0.key) })
    }

    private static let ownKeys: Set<String> = ["plugin", "model", "weights"]

    /// Whether a pipeline file says the same of both.
    func isSameText(as other: StageEntry) -> Bool {
        var copy = other
        copy.code = code
        return self == copy
    }

    /// As a table of a pipeline file.
    var table: [String: SettingValue] {
        var table = ownOptions
        table["plugin"] = .string(plugin)
        table["model"] = model.map { .string($0) }
        table["weights"] = weights.map { .string($0) }
        return table
    }

    /// The same stage with another plugin, other weights or other options.
    ///
    /// As users of diffusers expect (`from_config`): options stay, those that the new stage does
    /// not know are remembered for the next, and new ones must be known.
    func changed(by change: StageChange) -> StageEntry {
        var entry = self
        if let plugin = change.plugin, plugin != self.plugin {
            entry.plugin = plugin
            entry.code = nil
        } else if change.plugin != nil || self.plugin.contains("/") {
            // The file's present content is meant.
            entry.code = nil
        }
        if let weights = change.weights {
            if FilePath.isFolder(weights) {
                entry.model = weights
                entry.weights = nil
            } else {
                entry.weights = weights
                // The configuration beside the file belongs to it.
                let folder = FilePath.parent(of: weights)
                if FilePath.isFile(folder + "/config.json") { entry.model = folder }
            }
        }
        let carried = change.isFresh ? [:] : options
        entry.options = carried.merging(change.options) { _, new in new }
        entry.remembered = Set(carried.keys).subtracting(change.options.keys)
        entry.outranked = change.plugin == nil ? outranked : Set(carried.keys)
        entry.outranked.subtract(change.options.keys)
        return entry
    }

    /// What a host is asked for. Every call gives settings that nobody has read.
    /// - Parameter plugin: in place of the entry's own.
    func order(
        _ model: ModelFolder?, of plugin: String? = nil, log: @escaping @Sendable (String) -> Void
    ) -> StageOrder {
        let name = schedulerName
        let settings = (name?.options ?? [:]).merging(ownOptions) { _, own in own }
        let committed = code.map { PluginReference(self.plugin).text(inFile: $0.path) }
        return StageOrder(
            kind, plugin: plugin ?? committed ?? stageName,
            StageContext(model: model, settings: Settings(settings, path: key), log: log),
            tolerated: tolerated)
    }
}

// MARK: - Names

extension StageEntry {
    /// What a scheduler's name says; `nil` for other stages, for files, and for a name that is not
    /// known and so stands for itself.
    var schedulerName: SchedulerName? { kind == .scheduler ? SchedulerName(plugin) : nil }

    /// The stage's name in its plugin, or the path of a plugin's file.
    var stageName: String { schedulerName?.stage ?? plugin }

    /// The options without those that the name overrules.
    private var ownOptions: [String: SettingValue] {
        guard let overruled = schedulerName?.overruled else { return options }
        return options.filter { !outranked.contains($0.key) || !overruled.contains($0.key) }
    }

    /// Whether an option is not the name's.
    func isUsers(_ option: String) -> Bool { ownOptions[option] != nil }

    /// What the name says must be known to the stage, whoever has said it before.
    private var tolerated: Set<String> {
        guard let name = schedulerName else { return remembered }
        return remembered.subtracting(name.options.keys)
            .union(name.switchedOff.subtracting(ownOptions.keys))
    }

    /// Why a stage was refused, if its name says an option that it does not know.
    /// - Parameter message: what was said of the refusal, perhaps by another process.
    func fault(ofNameIn message: String) -> SettingError? {
        guard let name = schedulerName else { return nil }
        let own = ownOptions
        let option = name.options.first {
            own[$0.key] == nil && message.contains("\(fullKey($0.key)): unknown key")
        }
        guard let option else { return nil }
        return SettingError(
            key: fullKey("plugin"),
            message: "\"\(plugin)\" stands for \(name.stage) with \(option.key) = "
                + "\(option.value.literal), which \(name.stage) does not know")
    }

    private func fullKey(_ option: String) -> String { key.isEmpty ? option : "\(key).\(option)" }
}

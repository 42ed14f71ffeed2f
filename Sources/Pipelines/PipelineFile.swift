import Checkpoints
import Stages

/// One stage as a pipeline file names it.
struct StageEntry: Sendable {
    let kind: StageKind
    /// The name of the stage in its plugin: `llama`, `ddim`.
    let plugin: String
    /// The model folder's absolute path.
    let model: String?
    /// The full key of the table: `stage.unet`.
    let key: String
    /// The stage's table; `plugin` and `model` are marked as read.
    let settings: Settings
}

/// What a pipeline file says. `etc/pipelines/pocket.toml` is the manual of its keys.
public struct PipelineFile: Sendable {
    /// The largest file that is read, in bytes.
    static let maximumSize = 1 << 20

    public let path: String
    public let name: String
    /// Absolute paths, searched in order, before the folder of the running program.
    public let pluginFolders: [String]
    public let defaults: RequestDefaults
    public let limits: RequestLimits
    public let engine: EngineOptions
    public let language: LanguageOptions
    /// All stages but schedulers.
    let stages: [StageKind: StageEntry]
    /// By the name that requests use; the pipeline's own goes by its plugin's name.
    let schedulers: [String: StageEntry]
    let ownScheduler: String
    private let lines: TOMLLines

    /// Reads and checks a file; stages are not loaded, and their own settings not looked into.
    public init(_ path: String) throws(PipelineError) {
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile.read(path, limit: Self.maximumSize)
        } catch {
            throw PipelineError(.unreadable, file: path, error.message)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PipelineError(.syntax, file: path, "not UTF-8 text")
        }
        try self.init(text: text, path: path)
    }

    /// - Parameter path: where relative paths in `text` start from, and the name in messages.
    init(text: String, path: String) throws(PipelineError) {
        let root = Settings(try parseTOML(text, file: path))
        self.path = path
        lines = TOMLLines(text)
        do throws(SettingError) {
            guard try root.integer("format") == 1 else {
                throw root.error("format", "this program reads format 1")
            }
            name = try root.string("name")
            let folder = FilePath.parent(of: path)
            pluginFolders = try root.strings("plugin_dirs", default: []).map {
                FilePath.resolve($0, from: folder)
            }
            limits = try RequestLimits(root.table("limits"))
            defaults = try RequestDefaults(root.table("defaults"), limits: limits)
            engine = try EngineOptions(root.table("engine"))
            language = try LanguageOptions(root.table("language"))
            var entries = try Self.stages(root, folder: folder)
            guard let scheduler = entries.removeValue(forKey: .scheduler) else {
                throw root.error("stage.scheduler", "missing; a pipeline needs this stage")
            }
            stages = entries
            ownScheduler = scheduler.plugin
            schedulers = try Self.schedulers(root, own: scheduler, folder: folder)
            try root.requireAllRead()
        } catch {
            throw PipelineError(error, file: path, lines: lines)
        }
        try checkPaths()
    }

    /// The line of a full key.
    func line(of key: String) -> Int? { lines.line(of: key) }

    /// A setting that a stage refused, at its line in this file.
    func error(_ error: SettingError) -> PipelineError {
        PipelineError(error, file: path, lines: lines)
    }

    private static func stages(
        _ root: Settings, folder: String
    ) throws(SettingError) -> [StageKind: StageEntry] {
        let table = try root.table("stage")
        var entries: [StageKind: StageEntry] = [:]
        for kind in StageKind.allCases {
            guard let value = table.value(kind.rawValue) else { continue }
            entries[kind] = try entry(
                kind, value, key: "stage.\(kind.rawValue)", folder: folder)
        }
        // A misspelt stage is named as such before it is missed under its right name.
        try table.requireAllRead()
        for kind in StageKind.allCases where kind != .textEncoder && entries[kind] == nil {
            throw table.error(kind.rawValue, "missing; a pipeline needs this stage")
        }
        return entries
    }

    private static func schedulers(
        _ root: Settings, own: StageEntry, folder: String
    ) throws(SettingError) -> [String: StageEntry] {
        let table = try root.table("scheduler")
        var entries = [own.plugin: own]
        for name in table.keys {
            guard let value = table.value(name) else { continue }
            guard entries[name] == nil else {
                throw table.error(name, "\"\(name)\" is already the pipeline's own scheduler")
            }
            entries[name] = try entry(
                .scheduler, value, key: "scheduler.\(name)", folder: folder)
        }
        return entries
    }

    /// A stage's table becomes settings of its own, since only the stage knows the rest of its
    /// keys: the host asks for leftovers once the stage is loaded.
    private static func entry(
        _ kind: StageKind, _ value: SettingValue, key: String, folder: String
    ) throws(SettingError) -> StageEntry {
        guard case .table(let values) = value else {
            throw SettingError(key: key, message: "expected a table, found \(value.kind)")
        }
        let settings = Settings(values, path: key)
        let plugin = try settings.string("plugin")
        let model = settings.value("model") == nil ? nil : try settings.string("model")
        return StageEntry(
            kind: kind, plugin: plugin,
            model: model.map { FilePath.resolve($0, from: folder) }, key: key, settings: settings)
    }

    private func checkPaths() throws(PipelineError) {
        for folder in pluginFolders where !FilePath.isFolder(folder) {
            throw PipelineError(
                .noPlugin, file: path, line: line(of: "plugin_dirs"),
                "plugin_dirs: there is no folder \(folder)")
        }
        for entry in Array(stages.values) + Array(schedulers.values) {
            guard let model = entry.model, !FilePath.isFolder(model) else { continue }
            throw PipelineError(
                .noModel, file: path, line: line(of: entry.key + ".model"),
                "\(entry.key).model: there is no folder \(model)")
        }
    }
}

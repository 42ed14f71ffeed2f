import Checkpoints
import Stages

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
    public let serviceLimits: ServiceLimits
    public let access: AccessOptions
    public let engine: EngineOptions
    public let sessions: SessionOptions
    public let language: LanguageOptions
    public let swap: SwapOptions
    public let jobs: JobOptions
    /// One of each kind; of schedulers, the one for requests that name none.
    private(set) var stages: [StageKind: StageEntry]
    /// What the text says of `stages`.
    private let writtenStages: [StageKind: StageEntry]
    /// Further schedulers, by the name that requests use.
    let schedulers: [String: StageEntry]
    /// As it was read: what `stages` had differently then is said by ``overrides``.
    let text: String
    /// All but the stages.
    private let root: [String: SettingValue]
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
    public init(text: String, path: String) throws(PipelineError) {
        guard text.utf8.count <= Self.maximumSize else {
            throw PipelineError(
                .unreadable, file: path,
                "\(text.utf8.count) bytes; the limit is \(Self.maximumSize)")
        }
        let tree = try parseTOML(text, file: path)
        let root = Settings(tree)
        self.path = path
        self.text = text
        self.root = tree.filter { !["stage", "scheduler"].contains($0.key) }
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
            let limitTable = try root.table("limits")
            limits = try RequestLimits(limitTable)
            serviceLimits = try ServiceLimits(limitTable)
            defaults = try RequestDefaults(root.table("defaults"), limits: limits)
            engine = try EngineOptions(root.table("engine"))
            sessions = try SessionOptions(root.table("sessions"))
            language = try LanguageOptions(root.table("language"))
            let swapTable = try root.table("swap")
            swap = try SwapOptions(swapTable, folder: folder)
            access = try AccessOptions(swap: swapTable, access: root.table("access"))
            jobs = try JobOptions(root.table("jobs"))
            stages = try Self.stages(root, folder: folder)
            writtenStages = stages
            schedulers = try Self.schedulers(
                root, own: stages[.scheduler]?.plugin, folder: folder)
            try root.requireAllRead()
        } catch {
            throw PipelineError(error, file: path, lines: lines)
        }
        try checkPaths()
    }

    /// The line of a full key.
    func line(of key: String) -> Int? { lines.line(of: key) }

    /// The line of a stage, or of a key of its table; `nil` if the text says another one.
    func line(of entry: StageEntry, _ key: String? = nil) -> Int? {
        let isWritten = schedulers.values.contains(entry) || writtenStages[entry.kind] == entry
        return isWritten ? line(of: entry.key + (key.map { "." + $0 } ?? "")) : nil
    }

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
            entries[kind] = try StageEntry(
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
        _ root: Settings, own: String?, folder: String
    ) throws(SettingError) -> [String: StageEntry] {
        let table = try root.table("scheduler")
        var entries: [String: StageEntry] = [:]
        for name in table.keys {
            guard let value = table.value(name) else { continue }
            guard name != own else {
                throw table.error(name, "\"\(name)\" is already the pipeline's own scheduler")
            }
            entries[name] = try StageEntry(
                .scheduler, value, key: "scheduler.\(name)", folder: folder)
        }
        return entries
    }

    private func checkPaths() throws(PipelineError) {
        for folder in pluginFolders where !FilePath.isFolder(folder) {
            throw PipelineError(
                .noPlugin, file: path, line: line(of: "plugin_dirs"),
                "plugin_dirs: there is no folder \(folder)")
        }
        for entry in entries {
            guard let model = entry.model, !FilePath.isFolder(model) else { continue }
            throw PipelineError(
                .noModel, file: path, line: line(of: entry.key + ".model"),
                "\(entry.key).model: there is no folder \(model)")
        }
    }
}

// MARK: - Changes

extension PipelineFile {
    /// All that are loaded: the stages in the order of ``StageKind``, then further schedulers by
    /// name.
    var entries: [StageEntry] {
        StageKind.allCases.compactMap { stages[$0] }
            + schedulers.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The same pipeline with another stage of a kind.
    func replacing(_ entry: StageEntry) -> PipelineFile {
        var file = self
        file.stages[entry.kind] = entry
        return file
    }

    /// The stages that are not what the text says.
    var overrides: [StageEntry] {
        StageKind.allCases.compactMap { kind in
            stages[kind] == writtenStages[kind] ? nil : stages[kind]
        }
    }

    /// Every value by its full key, as TOML writes it.
    var flattened: [String: String] {
        var values: [String: String] = [:]
        func flatten(_ tree: [String: SettingValue], _ path: String) {
            for (key, value) in tree {
                if case .table(let below) = value {
                    flatten(below, path + key + ".")
                } else {
                    values[path + key] = value.toml
                }
            }
        }
        flatten(root, "")
        for entry in entries { flatten(entry.table, entry.key + ".") }
        return values
    }

    /// What this file says otherwise than another.
    func changes(from other: PipelineFile) -> [PipelineReview.Change] {
        let (before, after) = (other.flattened, flattened)
        return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
            .map { PipelineReview.Change(key: $0, before: before[$0], after: after[$0]) }
    }

    /// The pipeline as a file that says all of it, ``overrides`` too.
    var effectiveText: String {
        var (values, tables) = ([String: SettingValue](), [(String, [String: SettingValue])]())
        for (key, value) in root {
            if case .table(let table) = value {
                tables.append((key, table))
            } else {
                values[key] = value
            }
        }
        tables.sort { $0.0 < $1.0 }
        tables += entries.map { ($0.key, $0.table) }
        let parts = tables.map { key, table in
            let name = key.split(separator: ".", maxSplits: 1).map { tomlKey(String($0)) }
            return ["[\(name.joined(separator: "."))]"] + tomlLines(table)
        }
        return ([tomlLines(values)] + parts).map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n") + "\n"
    }
}

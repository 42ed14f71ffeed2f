public import Checkpoints
public import Stages

/// A model's folder: with a manifest, or one that somebody has put together by hand.
public struct InstalledModel: Sendable {
    public struct Stage: Sendable {
        public let kind: StageKind
        /// Below the model's.
        public let folder: String
        /// `config.json`, or a scheduler's.
        public let configuration: [String: SettingValue]
        /// How many tensors are stored in each form, by name of the form.
        public let types: [String: Int]
        /// Of the weight files.
        public let bytes: Int
    }

    public let name: String
    public let path: String
    public let stages: [Stage]
    /// `nil` for a folder made by hand.
    public let manifest: Manifest?

    public var bytes: Int { stages.reduce(0) { $0 + $1.bytes } }

    /// The model in a folder; `nil` if there is none.
    public init?(folder: String) throws {
        let isImported = FileKind("\(folder)/\(Manifest.fileName)") == .file
        manifest = isImported ? try Manifest(folder: folder) : nil
        path = folder
        name = folder.split(separator: "/").last.map(String.init) ?? folder
        var stages: [Stage] = []
        for below in Folder.names(in: folder) ?? [] {
            guard let kind = Self.kind(of: below),
                FileKind("\(folder)/\(below)/\(kind.configurationName)") == .file
            else { continue }
            stages.append(try Self.stage(kind, below, in: folder))
        }
        guard !stages.isEmpty else { return nil }
        self.stages = StageKind.allCases.flatMap { kind in stages.filter { $0.kind == kind } }
    }

    /// The models in a folder, by name.
    public static func all(in folder: String) throws -> [InstalledModel] {
        if let model = try InstalledModel(folder: folder) { return [model] }
        return try (Folder.names(in: folder) ?? [])
            .filter { !$0.hasSuffix(".part") && !$0.hasSuffix(".old") }
            .map { "\(folder)/\($0)" }.filter { FileKind($0) == .folder }
            .compactMap { try InstalledModel(folder: $0) }
    }

    private static func kind(of folder: String) -> StageKind? {
        StageKind(rawValue: folder) ?? (folder == "mapper" ? .featureMapper : nil)
    }

    private static func stage(
        _ kind: StageKind, _ folder: String, in model: String
    ) throws -> Stage {
        let configuration = try ModelFolder.readConfiguration(
            "\(model)/\(folder)/\(kind.configurationName)"
        ).values
        guard kind != .scheduler else {
            return Stage(
                kind: kind, folder: folder, configuration: configuration, types: [:], bytes: 0)
        }
        let store = try CheckpointStore(published: "\(model)/\(folder)")
        var types: [String: Int] = [:]
        for file in store.files {
            for name in file.names {
                types[file.tensors[name]?.format.description ?? "?", default: 0] += 1
            }
        }
        return Stage(
            kind: kind, folder: folder, configuration: configuration, types: types,
            bytes: store.files.reduce(0) { $0 + $1.file.count })
    }
}

extension StageKind {
    /// The file that says what a stage's folder is.
    var configurationName: String {
        self == .scheduler ? "scheduler_config.json" : "config.json"
    }
}

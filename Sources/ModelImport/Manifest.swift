public import Checkpoints
public import Stages

/// `voken-model.json`: what a model folder was made of, and what must be in it.
///
/// It says nothing of when and where, so that the same sources give the same bytes.
public struct Manifest: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        /// Below the model's folder; of a source, its name alone.
        public let name: String
        public let size: Int
        public let sha256: String
    }

    public struct Stage: Sendable, Equatable {
        public let plugin: String
        /// What a pipeline sets for it.
        public let settings: [String: SettingValue]
        public let tensors: Int
        /// Of the sources, and not needed.
        public let unused: [String]
    }

    public static let fileName = "voken-model.json"
    static let format = 1

    public let tool: String
    public let type: String
    public let sources: [File]
    public let stages: [StageKind: Stage]
    public let files: [File]
    /// Of the base that the language model's tables were trained from: ``TableFingerprint``.
    public let fingerprint: String?

    init(
        tool: String, type: String, sources: [File], stages: [StageKind: Stage], files: [File],
        fingerprint: String?
    ) {
        self.tool = tool
        self.type = type
        self.sources = sources
        self.stages = stages
        self.files = files
        self.fingerprint = fingerprint
    }

    /// The manifest of a model's folder.
    public init(folder: String) throws {
        let root = try ModelFolder.readConfiguration("\(folder)/\(Self.fileName)")
        guard try root.integer("format") == Self.format else {
            throw root.error("format", "this program reads format \(Self.format)")
        }
        tool = try root.string("tool")
        type = try root.string("type")
        sources = try Self.files(root, "sources")
        files = try Self.files(root, "files")
        fingerprint = root.value("fingerprint") == nil ? nil : try root.string("fingerprint")
        var stages: [StageKind: Stage] = [:]
        let table = try root.table("stages")
        for kind in StageKind.allCases where table.value(kind.rawValue) != nil {
            let stage = try table.table(kind.rawValue)
            stages[kind] = Stage(
                plugin: try stage.string("plugin"), settings: try stage.table("settings").values,
                tensors: try stage.integer("tensors"),
                unused: try stage.strings("unused", default: []))
        }
        self.stages = stages
    }

    private static func files(_ root: Settings, _ key: String) throws -> [File] {
        guard case .array(let elements)? = root.value(key) else {
            throw root.error(key, "expected an array")
        }
        return try elements.map { element in
            guard case .table(let members) = element else {
                throw root.error(key, "expected objects, found \(element.kind)")
            }
            let file = Settings(members, path: key)
            return File(
                name: try file.string("name"), size: try file.integer("size"),
                sha256: try file.string("sha256"))
        }
    }

    var text: String {
        func list(_ files: [File]) -> SettingValue {
            .array(
                files.map {
                    .table([
                        "name": .string($0.name), "size": .integer($0.size),
                        "sha256": .string($0.sha256),
                    ])
                })
        }
        var root: [String: SettingValue] = [
            "format": .integer(Self.format), "tool": .string(tool), "type": .string(type),
            "sources": list(sources), "files": list(files),
        ]
        root["fingerprint"] = fingerprint.map { .string($0) }
        var stages: [String: SettingValue] = [:]
        for (kind, stage) in self.stages {
            stages[kind.rawValue] = .table([
                "plugin": .string(stage.plugin), "settings": .table(stage.settings),
                "tensors": .integer(stage.tensors),
                "unused": .array(stage.unused.map { .string($0) }),
            ])
        }
        root["stages"] = .table(stages)
        return SettingValue.table(root).indentedJSON
    }
}

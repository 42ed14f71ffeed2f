import Checkpoints
import Glibc
public import PluginHost
import Stages

/// The generation that serves, on disk, so that it serves again after a restart.
///
/// `generation.toml` holds the text of the pipeline file, and the stages that a swap has replaced
/// since. The code of plugins that were named by their files lies beside it, in `code/`, under its
/// SHA-256: the user's file may be another by then. The file is replaced by renaming: whenever a
/// program is killed, there is one whole generation on disk.
public final class GenerationStore: Sendable {
    /// What a restart finds.
    public enum Restored: Sendable {
        /// No generation was written down.
        case nothing
        /// - Parameter lastNumber: the highest that was given to a generation.
        case generation(Generation, lastNumber: Int)
        /// There is one, of another pipeline file, or of what the file said before it was edited.
        case superseded(String)
        /// There is one, and it cannot serve.
        case refused(String)
    }

    /// The file.
    public var path: String { folder + "/generation.toml" }
    private let folder: String
    private let startFile: PipelineFile

    private static let maximumSize = 8 << 20
    static let maximumCode = 256 << 20

    /// - Parameters:
    ///   - folder: created, with nobody else let in, if it is missing.
    ///   - startFile: the pipeline file that the program was started with. A generation that was
    ///     committed under another, or before it was edited, is not restored.
    public init(folder: String, startFile: PipelineFile) throws(PipelineError) {
        self.folder = folder
        self.startFile = startFile
        do throws(CheckpointError) {
            try StateFolder.make(folder)
            try StateFolder.make(folder + "/code")
        } catch {
            throw PipelineError(.unreadable, file: folder, error.description)
        }
        StateFolder.removeParts(in: folder)
        StateFolder.removeParts(in: folder + "/code")
    }

    // MARK: Writing

    /// - Parameter lastNumber: the highest that was given to a generation.
    func save(_ generation: Generation, lastNumber: Int) throws {
        var stages: [String: SettingValue] = [:]
        var sums: Set<String> = []
        for entry in generation.file.overrides {
            var table = entry.table.filter { entry.options[$0.key] == nil }
            table["options"] = .table(entry.options)
            table["remembered"] = .array(entry.remembered.sorted().map { .string($0) })
            table["outranked"] = .array(entry.outranked.sorted().map { .string($0) })
            stages[entry.kind.rawValue] = .table(table)
        }
        // Of the files that the text itself names too: they may change.
        var code: [String: SettingValue] = [:]
        for entry in generation.file.stages.values where entry.plugin.contains("/") {
            guard let plugin = generation.loaded[entry.key]?.plugin else { continue }
            try keep(plugin)
            sums.insert(plugin.sha256)
            code[entry.kind.rawValue] = .string(plugin.sha256)
        }
        let lines = [
            "# Written by vokend: the generation that serves, for its next start.",
            "format = 1",
            "generation = \(generation.number)",
            "last_number = \(lastNumber)",
            "started_with = \(SettingValue.table(startIdentity).toml)",
            "pipeline.path = \(SettingValue.string(generation.file.path).toml)",
            "pipeline.text = \(SettingValue.string(generation.file.text).toml)",
            "stage = \(SettingValue.table(stages).toml)",
            "code = \(SettingValue.table(code).toml)",
        ]
        var file = try AtomicFile(path: path)
        try file.append(Array((lines.joined(separator: "\n") + "\n").utf8))
        try file.finish()
        removeCode(except: sums)
    }

    /// Forgets the generation that was committed last, so that no later start serves it.
    public func forget() {
        unsafe unlink(path)
        removeCode(except: [])
    }

    private var startIdentity: [String: SettingValue] {
        [
            "path": .string(startFile.path),
            "sha256": .string(SHA256.hash(Array(startFile.text.utf8))),
        ]
    }

    private func codePath(_ sha256: String) -> String { "\(folder)/code/\(sha256).so" }

    private func keep(_ plugin: PluginImage) throws {
        let path = codePath(plugin.sha256)
        guard !FilePath.isFile(path) else { return }
        var file = try AtomicFile(path: path)
        try file.append(try BoundedFile.read(plugin.privateCopy, limit: Self.maximumCode))
        try file.finish()
        // Whoever may write to a plugin may run code.
        unsafe chmod(path, 0o500)
    }

    private func removeCode(except sums: Set<String>) {
        for name in Folder.names(in: folder + "/code") ?? [] {
            guard name.hasSuffix(".so"), !sums.contains(String(name.dropLast(3))) else { continue }
            unsafe unlink("\(folder)/code/\(name)")
        }
    }

    // MARK: Reading

    /// Loads the generation that was committed last, with all checks: what it holds passed them
    /// once, but a crash now would be one at every start.
    public func restore(
        host: PluginHost, log: @escaping @Sendable (String) -> Void = { _ in }
    ) -> Restored {
        guard FilePath.isFile(path) else { return .nothing }
        do {
            let text = String(
                decoding: try BoundedFile.read(path, limit: Self.maximumSize), as: UTF8.self)
            let root = Settings(try parseTOML(text, file: path))
            guard try root.integer("format") == 1 else {
                return .refused("\(path) is of another format")
            }
            let maximum = Int(UInt32.max)
            let number = try root.integer("generation", in: 1...maximum)
            let start = try root.table("started_with")
            let path = try start.string("path")
            guard path == startFile.path else {
                return .superseded("generation \(number) belongs to pipeline file \(path)")
            }
            guard startIdentity["sha256"] == start.value("sha256") else {
                return .superseded(
                    "pipeline file \(startFile.path) has changed since generation \(number) was "
                        + "committed")
            }
            let file = try file(root)
            let generation = try Pipeline.load(
                file, number: number, host: host, checks: startFile.swap.checks, log: log)
            return .generation(
                generation, lastNumber: try root.integer("last_number", in: number...maximum))
        } catch let error as SettingError {
            return .refused("\(path): \(error)")
        } catch {
            return .refused("\(error)")
        }
    }

    /// The pipeline as it was committed.
    private func file(_ root: Settings) throws -> PipelineFile {
        let pipeline = try root.table("pipeline")
        var file = try PipelineFile(
            text: try pipeline.string("text"), path: try pipeline.string("path"))
        let stages = try root.table("stage")
        let code = try root.table("code")
        for kind in StageKind.allCases {
            guard var entry = file.stages[kind] else { continue }
            if stages.value(kind.rawValue) != nil {
                try entry.restore(try stages.table(kind.rawValue))
            }
            if case .string(let sum)? = code.value(kind.rawValue) {
                entry.code = StageEntry.CommittedCode(path: codePath(sum), sha256: sum)
            }
            file = file.replacing(entry)
        }
        return file
    }
}

extension StageEntry {
    /// Takes over what was written down of a stage that a swap had replaced.
    fileprivate mutating func restore(_ table: Settings) throws {
        plugin = try table.string("plugin")
        model = table.value("model") == nil ? nil : try table.string("model")
        weights = table.value("weights") == nil ? nil : try table.string("weights")
        guard case .table(let options)? = table.value("options") else {
            throw table.error("options", "missing")
        }
        self.options = options
        remembered = Set(try table.strings("remembered"))
        // Not written by the first versions.
        outranked = Set(try table.strings("outranked", default: []))
    }
}

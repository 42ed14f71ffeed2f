import Checkpoints
public import PluginHost
public import Stages

/// Checks a model's folder against its manifest.
public struct ModelFolderCheck {
    private let folder: String
    private let manifest: Manifest

    public init(_ folder: String, _ manifest: Manifest) {
        self.folder = folder
        self.manifest = manifest
    }

    /// Reads all files.
    /// - Returns: what is wrong with each that is not as it was written, none for a sound model.
    public func damages(_ report: (ImportProgress) throws -> Void) throws -> [String] {
        var damages: [String] = []
        let total = manifest.files.reduce(0) { $0 + $1.size }
        var done = 0
        for file in manifest.files {
            defer { done += file.size }
            // The names come from a file: they must not lead out of the folder.
            guard !file.name.split(separator: "/").contains(".."), !file.name.hasPrefix("/") else {
                damages.append("\(file.name): not a path within the folder")
                continue
            }
            let path = "\(folder)/\(file.name)"
            guard let mapped = try? MappedFile(path: path) else {
                damages.append("\(file.name): missing")
                continue
            }
            guard mapped.count == file.size else {
                damages.append("\(file.name): \(mapped.count) bytes, not \(file.size)")
                continue
            }
            let before = done
            let digest = try mapped.hash { read in
                try report(
                    ImportProgress(
                        phase: .hashing, what: file.name, done: before + read, total: total))
            }
            if digest != file.sha256 {
                damages.append("\(file.name): its bytes are not those that were written (SHA-256)")
            }
        }
        return damages
    }

    /// Makes each stage as a pipeline would.
    public func makeStages(
        host: PluginHost, _ began: (StageKind, Int) throws -> Void
    ) throws {
        let kinds = StageKind.allCases.filter { manifest.stages[$0] != nil }
        for (index, kind) in kinds.enumerated() {
            guard let stage = manifest.stages[kind] else { continue }
            try began(kind, index)
            // What a scheduler is called is a pipeline's matter; its folder has no weights.
            guard kind != .scheduler else { continue }
            do {
                let model = try ModelFolder.open("\(folder)/\(kind.rawValue)")
                let context = StageContext(model: model, settings: Settings(stage.settings))
                _ = try host.load(StageOrder(kind, plugin: stage.plugin, context))
            } catch {
                throw ImportError(
                    .damaged, "no \(kind.rawValue) can be made from \(folder): \(error)")
            }
        }
    }
}

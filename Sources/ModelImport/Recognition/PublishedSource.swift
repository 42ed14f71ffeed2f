import Checkpoints
import Glibc

/// A file or a folder that somebody names to be imported: one part, or those of a pipeline.
public struct PublishedSource: Sendable {
    public let path: String
    public let parts: [PublishedPart]
    /// Folders and files in it that were left aside, each with the reason.
    public let leftAside: [String]

    /// Opens a source and finds out what it is; nothing of its weights is read.
    public init(_ path: String) throws {
        self.path = path
        guard FileKind(path) == .folder else {
            parts = [try Self.part(path, folder: Self.parent(of: path))]
            leftAside = []
            return
        }
        let names = Folder.names(in: path) ?? []
        if Self.isComponent(names) {
            parts = [try Self.part(path, folder: path)]
            leftAside = []
            return
        }
        var parts: [PublishedPart] = []
        var leftAside: [String] = []
        for name in names where FileKind("\(path)/\(name)") == .folder {
            let below = "\(path)/\(name)"
            guard Self.isComponent(Folder.names(in: below) ?? []) else { continue }
            do { parts.append(try Self.part(below, folder: below)) } catch let error as ImportError
                where error.code == .refused
            {
                leftAside.append(error.message)
            }
        }
        if names.contains("model_index.json") { try Self.requireInPlace(parts) }
        guard !parts.isEmpty else {
            throw ImportError.refused(
                leftAside.first
                    ?? "\(path) holds no weights: expected a file of weights, a folder with weights "
                    + "and config.json, or a diffusers pipeline's folder")
        }
        self.parts = parts
        self.leftAside = leftAside
    }

    /// A folder with weights of its own, or with what a scheduler has in their place.
    private static func isComponent(_ names: [String]) -> Bool {
        let suffixes = [".safetensors", ".bin", ".gguf", ".safetensors.index.json"]
        return names.contains("scheduler_config.json") && !names.contains("model_index.json")
            || names.contains { name in suffixes.contains { name.hasSuffix($0) } }
    }

    private static func part(_ path: String, folder: String) throws -> PublishedPart {
        let scheduler = folder + "/scheduler_config.json"
        if path == folder, FileKind(scheduler) == .file {
            return PublishedPart(
                kind: .scheduler, path: path, store: nil, folder: folder,
                configuration: try ModelFolder.readConfiguration(scheduler).values)
        }
        let store = try CheckpointStore(published: path)
        let kind: PublishedKind?
        do { kind = try KeyRecognition(store.names).kind } catch {
            throw ImportError.refused("\(path): \(error.message)")
        }
        guard let kind else { throw unknown(path, store.names) }
        let file = folder + "/config.json"
        var configuration =
            FileKind(file) == .file ? try ModelFolder.readConfiguration(file).values : nil
        if let gguf = store.files.first as? GGUF {
            configuration = try GGUFConfiguration(gguf).values
        }
        return PublishedPart(
            kind: kind, path: path, store: store, folder: folder, configuration: configuration)
    }

    /// In a pipeline the name of a folder says what is in it.
    private static func requireInPlace(_ parts: [PublishedPart]) throws(ImportError) {
        let expected: [String: PublishedKind] = [
            "unet": .unet, "vae": .vae, "text_encoder": .textEncoder, "scheduler": .scheduler,
        ]
        for part in parts {
            let name = part.path.split(separator: "/").last.map(String.init) ?? part.path
            guard let kind = expected[name], kind != part.kind else { continue }
            throw .refused(
                "\(part.path) holds \(part.kind.text), not \(kind.text), as the name of the folder "
                    + "says: the files of two folders were mixed up")
        }
    }

    private static func unknown(_ path: String, _ names: [String]) -> ImportError {
        let some = names.prefix(3).joined(separator: ", ")
        return .refused(
            "\(path) holds no weights that are known here (\(names.count) tensors: \(some)…); known "
                + "are diffusers' UNet2DConditionModel and AutoencoderKL, CLIPTextModel, LLaMA, EVA, "
                + "BLIP-2, MiniGPT-4 and MiniGPT-5")
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

import Checkpoints

/// Weights as others publish them, and what they were recognised as.
public struct PublishedPart: Sendable {
    public let kind: PublishedKind
    /// The file or the folder.
    public let path: String
    /// `nil` for a scheduler.
    let store: CheckpointStore?
    /// The folder of `config.json`, tokenizer files and the like.
    let folder: String
    /// `config.json`, a scheduler's `scheduler_config.json`, or what a GGUF file says for it.
    let configuration: [String: SettingValue]?

    /// The files that it was read from, `config.json` not among them.
    var files: [any WeightFile] { store?.files ?? [] }

    /// The one GGUF file that it is.
    var gguf: GGUF? { files.count == 1 ? files[0] as? GGUF : nil }

    /// For a message: what it is, and where.
    var text: String { "\(path) (\(kind.text))" }

    /// - Throws: unless there is one.
    func requireConfiguration() throws(ImportError) -> [String: SettingValue] {
        guard let configuration else {
            throw .refused(
                "\(path) is \(kind.text), but there is no config.json beside it to say its sizes: "
                    + "take the folder as it was published")
        }
        return configuration
    }

    /// The shape of a tensor by its name without MiniGPT-5's leading `model.`.
    func extents(_ plain: String) -> [Int]? { origin(plain)?.extents }

    /// A tensor by its name, or by its name with MiniGPT-5's leading `model.`.
    func origin(_ plain: String) -> TensorOrigin? {
        for file in files {
            for name in [plain, "model." + plain] where file.tensors[name] != nil {
                return TensorOrigin(file, name)
            }
        }
        return nil
    }

    /// All tensors, by their names in the file.
    var origins: [String: TensorOrigin] {
        var origins: [String: TensorOrigin] = [:]
        for file in files {
            for name in file.names { origins[name] = TensorOrigin(file, name) }
        }
        return origins
    }

    /// The names below a prefix, counted by the number that follows it: `blocks.39.…` is block 39.
    func count(below prefix: String) -> Int {
        var highest = -1
        for file in files {
            for name in file.names.map(MiniGPT5Names.plain) where name.hasPrefix(prefix) {
                let number = name.dropFirst(prefix.count).prefix { $0.isNumber }
                highest = max(highest, Int(number) ?? -1)
            }
        }
        return highest + 1
    }
}

import Checkpoints

/// What a file or a folder of weights holds; nothing of it is run, and no number is read.
public struct Inspection: Sendable {
    public struct Tensor: Sendable {
        public let name, type: String
        public let extents: [Int]
    }

    public let path: String
    /// `safetensors`, `PyTorch` or `GGUF`.
    public let format: String
    /// What it was recognised as, or why it is of no use.
    public let recognised: String
    public let kind: PublishedKind?
    /// By name.
    public let tensors: [Tensor]
    /// Classes and functions that a PyTorch file would have called, which were not.
    public let ignoredGlobals: [String]
    /// The file's own: safetensors' strings, GGUF's scalars.
    public let metadata: [String: String]
    public let bytes: Int

    /// - Parameter member: of a PyTorch file that holds several dictionaries.
    public init(_ path: String, member: String? = nil) throws {
        self.path = path
        let store = try CheckpointStore(published: path, member: member)
        do {
            kind = try KeyRecognition(store.names).kind
            recognised = kind?.text ?? "nothing that is known here"
        } catch {
            kind = nil
            recognised = "of no use here: \(error.message)"
        }
        format = Set(store.files.map(Self.format)).sorted().joined(separator: ", ")
        tensors = store.files.flatMap { file in
            file.names.compactMap { name in
                file.tensors[name].map {
                    Tensor(name: name, type: $0.format.description, extents: $0.extents)
                }
            }
        }.sorted { $0.name < $1.name }
        ignoredGlobals = Set(
            store.files.flatMap { ($0 as? PyTorchCheckpoint)?.ignoredGlobals ?? [] }
        ).sorted()
        var metadata: [String: String] = [:]
        for file in store.files { metadata.merge(Self.metadata(file)) { first, _ in first } }
        self.metadata = metadata
        bytes = store.files.reduce(0) { $0 + $1.file.count }
    }

    /// How many tensors there are of each type.
    public var types: [String: Int] {
        tensors.reduce(into: [:]) { $0[$1.type, default: 0] += 1 }
    }

    private static func format(_ file: any WeightFile) -> String {
        switch file {
        case is GGUF: "GGUF"
        case is PyTorchCheckpoint: "PyTorch"
        default: "safetensors"
        }
    }

    private static func metadata(_ file: any WeightFile) -> [String: String] {
        switch file {
        case let file as Safetensors: return file.metadata
        case let file as GGUF:
            return file.metadata.values.compactMapValues { value in
                switch value {
                case .array(let elements): "\(elements.count) values"
                case .table, .null: nil
                case .string(let text): String(text.prefix(200))
                case .integer, .number, .boolean: value.literal
                }
            }
        default: return [:]
        }
    }
}

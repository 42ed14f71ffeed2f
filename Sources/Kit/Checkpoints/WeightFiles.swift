import Glibc

/// Which files of a folder hold a model's weights; see ``ModelFolder/open(_:weights:reusing:)`` and
/// ``CheckpointStore/init(published:member:)`` for the rules.
enum WeightFiles {
    typealias Opening = (String) throws(CheckpointError) -> any WeightFile

    private static let safetensors = [
        "model.safetensors", "diffusion_pytorch_model.safetensors",
    ]
    private static let pickles = ["pytorch_model.bin", "diffusion_pytorch_model.bin"]
    private static let maximumShards = 1024

    static func find(
        in folder: String, reusing known: OpenFiles
    ) throws(CheckpointError) -> [any WeightFile] {
        let present = try list(folder)
        let open: Opening = { path throws(CheckpointError) in try known.open(path) }
        if let files = try standard(safetensors, folder, present, open) { return files }
        guard let files = try parts(of: folder, present, open) else {
            throw missing(folder, present)
        }
        return files
    }

    /// The same for a folder as others publish it, which may be of other formats.
    static func find(
        published folder: String, member: String?
    ) throws(CheckpointError) -> [any WeightFile] {
        let present = try list(folder)
        let open: Opening = { path throws(CheckpointError) in try Safetensors(path: path) }
        if let files = try standard(safetensors, folder, present, open) { return files }
        if let files = try parts(of: folder, present, open) { return files }
        let pickled = try standard(pickles, folder, present) { path throws(CheckpointError) in
            try PyTorchCheckpoint(path: path, member: member)
        }
        if let pickled { return pickled }
        let quantised = present.filter { $0.hasSuffix(".gguf") }.sorted()
        guard let only = quantised.first else {
            throw CheckpointError(
                .notFound, path: folder,
                "holds no weights; expected *.safetensors, pytorch_model.bin, an index of shards, "
                    + "or a file *.gguf; another file can be named itself")
        }
        guard quantised.count == 1 else {
            throw CheckpointError(
                .unsupported, path: folder,
                "holds \(quantised.count) GGUF files; name one of them, such as \(only)")
        }
        return [try GGUF(path: "\(folder)/\(only)")]
    }

    /// The one file of a standard name, or the shards that an index of that name lists.
    private static func standard(
        _ names: [String], _ folder: String, _ present: Set<String>, _ open: Opening
    ) throws(CheckpointError) -> [any WeightFile]? {
        if let single = names.first(where: present.contains) {
            return [try open("\(folder)/\(single)")]
        }
        guard let name = names.first(where: { present.contains($0 + ".index.json") }) else {
            return nil
        }
        return try shards(
            folder, index: name + ".index.json", present,
            suffix: name.hasSuffix(".bin") ? ".bin" : ".safetensors", open)
    }

    /// All safetensors files of a folder.
    private static func parts(
        of folder: String, _ present: Set<String>, _ open: Opening
    ) throws(CheckpointError) -> [any WeightFile]? {
        let parts = present.filter { $0.hasSuffix(".safetensors") }.sorted()
        guard !parts.isEmpty else { return nil }
        guard parts.count <= maximumShards else { throw tooMany(parts.count, in: folder) }
        var files: [any WeightFile] = []
        for part in parts { files.append(try open("\(folder)/\(part)")) }
        return files
    }

    private static func list(_ folder: String) throws(CheckpointError) -> Set<String> {
        guard let names = Folder.names(in: folder) else {
            throw .system(.unreadable, path: folder, "cannot open the model folder")
        }
        return Set(names)
    }

    /// The shards of an index, in the order of their names, each checked to hold what the index
    /// says of it.
    private static func shards(
        _ folder: String, index name: String, _ present: Set<String>, suffix: String,
        _ open: Opening
    ) throws(CheckpointError) -> [any WeightFile] {
        let path = "\(folder)/\(name)"
        var tensors: [String: [String]] = [:]
        for (tensor, shard) in try weightMap(path) { tensors[shard, default: []].append(tensor) }
        guard tensors.count <= maximumShards else { throw tooMany(tensors.count, in: path) }
        var files: [any WeightFile] = []
        var owners: [String: String] = [:]
        for (shard, names) in tensors.sorted(by: { $0.key < $1.key }) {
            // The name comes from a file: it must not lead out of the folder.
            guard !shard.contains("/"), !shard.contains("\0"), shard.hasSuffix(suffix)
            else {
                throw CheckpointError(
                    .malformed, path: path,
                    "\"\(shard)\" is not the name of a \(suffix.dropFirst()) file in this folder; "
                        + "shards lie beside their index: put it there, and its mere name here")
            }
            guard present.contains(shard) else {
                throw CheckpointError(
                    .notFound, path: "\(folder)/\(shard)",
                    "is not there, and \(name) says that it holds \(names.count) tensors; put all "
                        + "shards of the index into the folder")
            }
            let file = try open("\(folder)/\(shard)")
            if let absent = names.sorted().first(where: { file.tensors[$0] == nil }) {
                throw CheckpointError(
                    .malformed, path: path,
                    "says that \(shard) holds \(absent), which it lacks; they are not of one model, "
                        + "or not of one download: get both again")
            }
            for tensor in file.names {
                guard let other = owners.updateValue(shard, forKey: tensor) else { continue }
                throw CheckpointError(
                    .malformed, path: path,
                    "\(tensor) is in \(other) and in \(shard), and one of the two is not of this "
                        + "model: get the index and its shards again")
            }
            files.append(file)
        }
        return files
    }

    private static func weightMap(_ path: String) throws(CheckpointError) -> [String: String] {
        let bytes = try BoundedFile.read(path, limit: SafetensorsHeader.maximumHeaderBytes)
        let root: SettingValue
        do { root = try JSON.parse(bytes) } catch {
            throw CheckpointError(.malformed, path: path, error.description)
        }
        guard case .table(let members) = root, case .table(let map)? = members["weight_map"],
            !map.isEmpty
        else { throw CheckpointError(.malformed, path: path, "has no weight_map") }
        var shards: [String: String] = [:]
        for (tensor, value) in map {
            guard case .string(let shard) = value else {
                throw CheckpointError(
                    .malformed, path: path, "weight_map.\(tensor) is \(value.kind), not a string")
            }
            shards[tensor] = shard
        }
        return shards
    }

    private static func missing(_ folder: String, _ present: Set<String>) -> CheckpointError {
        let suffixes = [".bin", ".ckpt", ".pth", ".pt", ".gguf"]
        let foreign = present.sorted().first { name in suffixes.contains { name.hasSuffix($0) } }
        let remedy =
            foreign.map { name in
                let kind = name.hasSuffix(".gguf") ? "GGUF" : "PyTorch"
                return "\(name) is a \(kind) file: convert it once with \"voken import\""
            }
            ?? "expected model.safetensors, diffusion_pytorch_model.safetensors, an index of "
            + "shards or other *.safetensors"
        return CheckpointError(.notFound, path: folder, "holds no weights; \(remedy)")
    }

    private static func tooMany(_ count: Int, in path: String) -> CheckpointError {
        CheckpointError(
            .overLimit, path: path, "\(count) weight files; the limit is \(maximumShards)")
    }
}

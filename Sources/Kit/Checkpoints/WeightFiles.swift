import Glibc

/// Which files of a folder hold a model's weights; see ``ModelFolder/open(_:weights:reusing:)`` for
/// the rule.
enum WeightFiles {
    private static let standardNames = [
        "model.safetensors", "diffusion_pytorch_model.safetensors",
    ]
    private static let maximumShards = 1024

    static func find(
        in folder: String, reusing known: OpenFiles
    ) throws(CheckpointError) -> [any WeightFile] {
        let present = try list(folder)
        if let single = standardNames.first(where: present.contains) {
            return [try known.open("\(folder)/\(single)")]
        }
        if let index = standardNames.map({ $0 + ".index.json" }).first(where: present.contains) {
            return try shards(folder, index: "\(folder)/\(index)", reusing: known)
        }
        let parts = present.filter { $0.hasSuffix(".safetensors") }.sorted()
        guard !parts.isEmpty else { throw missing(folder, present) }
        guard parts.count <= maximumShards else { throw tooMany(parts.count, in: folder) }
        var files: [any WeightFile] = []
        for part in parts { files.append(try known.open("\(folder)/\(part)")) }
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
        _ folder: String, index path: String, reusing known: OpenFiles
    ) throws(CheckpointError) -> [any WeightFile] {
        var tensors: [String: [String]] = [:]
        for (tensor, shard) in try weightMap(path) { tensors[shard, default: []].append(tensor) }
        guard tensors.count <= maximumShards else { throw tooMany(tensors.count, in: path) }
        var files: [any WeightFile] = []
        for (shard, names) in tensors.sorted(by: { $0.key < $1.key }) {
            // The name comes from a file: it must not lead out of the folder.
            guard !shard.contains("/"), !shard.contains("\0"), shard.hasSuffix(".safetensors")
            else {
                throw CheckpointError(
                    .malformed, path: path,
                    "\"\(shard)\" is not the name of a safetensors file in this folder")
            }
            let file = try known.open("\(folder)/\(shard)")
            if let absent = names.sorted().first(where: { file.tensors[$0] == nil }) {
                throw CheckpointError(
                    .malformed, path: path, "says that \(shard) holds \(absent), which it lacks")
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
        let pickles = [".bin", ".ckpt", ".pth", ".pt"]
        let pickle = present.sorted().first { name in pickles.contains { name.hasSuffix($0) } }
        let remedy =
            pickle.map { "\($0) is a PyTorch file: convert it once with \"voken import\"" }
            ?? "expected model.safetensors, diffusion_pytorch_model.safetensors, an index of "
            + "shards or other *.safetensors"
        return CheckpointError(.notFound, path: folder, "holds no weights; \(remedy)")
    }

    private static func tooMany(_ count: Int, in path: String) -> CheckpointError {
        CheckpointError(
            .overLimit, path: path, "\(count) weight files; the limit is \(maximumShards)")
    }
}

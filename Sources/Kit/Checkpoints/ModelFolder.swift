import Glibc
public import Layers

/// The folder of one stage's model: `config.json` and safetensors files.
public final class ModelFolder: Sendable {
    public let path: String
    /// `config.json`, as a tree.
    public let configuration: Settings
    /// The parameters of the weight files.
    public let parameters: Parameters
    /// The file that took the place of the folder's own weights, if there was one.
    public let weightsOverride: String?
    /// `nil` for a scheduler's folder and for one that is only recorded.
    let store: CheckpointStore?

    private init(
        path: String, configuration: Settings, parameters: Parameters, store: CheckpointStore?,
        weightsOverride: String? = nil
    ) {
        self.path = path
        self.configuration = configuration
        self.parameters = parameters
        self.store = store
        self.weightsOverride = weightsOverride
    }

    /// Opens a folder; weights are mapped, not read.
    ///
    /// The weights are the first of these that exists:
    /// 1. `model.safetensors`, else `diffusion_pytorch_model.safetensors`;
    /// 2. the shards that the same names followed by `.index.json` list;
    /// 3. all files `*.safetensors`, together: the parts of a stage that was published as several
    ///    files (a vision tower, a Q-Former, a projection), whose tensor names must be distinct.
    ///
    /// A scheduler's folder, as diffusers publishes it, has a `scheduler_config.json` in place of
    /// `config.json`, and no weights.
    ///
    /// - Parameters:
    ///   - weights: One safetensors file to read in place of the folder's own, which are not
    ///     looked at.
    ///   - other: A folder that is open. A weight file of the same path that has not changed since
    ///     it was mapped is shared with it, mapping and hash; what was read of it is not.
    public static func open(
        _ path: String, weights: String? = nil, reusing other: ModelFolder? = nil
    ) throws -> ModelFolder {
        let configurationFile = configurationFile(in: path)
        if configurationFile.hasSuffix(schedulerFile) {
            if let weights {
                throw CheckpointError(
                    .unsupported, path: weights,
                    "\(path) is a scheduler's folder, which has no weights to replace; leave the "
                        + "file out")
            }
            return try ModelFolder(
                path: path, configuration: readConfiguration(configurationFile))
        }
        let known = OpenFiles(other?.store?.files ?? [])
        let files: [any WeightFile]
        if let weights {
            files = [try known.open(weights)]
        } else {
            files = try WeightFiles.find(in: path, reusing: known)
        }
        let configuration = try readConfiguration(configurationFile)
        let store = try CheckpointStore(files)
        return ModelFolder(
            path: path, configuration: configuration, parameters: Parameters(store), store: store,
            weightsOverride: weights)
    }

    /// A folder of nothing but a configuration, for a stage that has no weights; it need not exist.
    public convenience init(path: String, configuration: Settings) throws(CheckpointError) {
        self.init(
            path: path, configuration: configuration,
            parameters: Parameters(try CheckpointStore([])), store: nil)
    }

    /// A folder without weights, whose parameters are listed as a model asks for them.
    /// - Parameter path: of the files beside the weights, if the model asks for any.
    public static func recording(
        configuration: Settings, path: String = ""
    ) -> (folder: ModelFolder, recorder: ParameterRecorder) {
        let recorder = ParameterRecorder()
        let folder = ModelFolder(
            path: path, configuration: configuration, parameters: Parameters(recorder), store: nil)
        return (folder, recorder)
    }

    /// A folder that lies nowhere: its parameters come from another store than files, as those do
    /// that a benchmark makes up.
    /// - Parameter path: where a stage looks for other files than weights.
    public static func of(
        _ configuration: Settings, parameters store: any ParameterStore, path: String = ""
    ) -> ModelFolder {
        ModelFolder(
            path: path, configuration: configuration, parameters: Parameters(store), store: nil)
    }

    /// How the most numbers of the weight files are stored; `nil` without weights.
    public var mainFormat: String? {
        var counts: [String: Int] = [:]
        for file in store?.files ?? [] {
            for name in file.names {
                guard let tensor = file.tensors[name] else { continue }
                counts[tensor.format.description, default: 0] += tensor.count
            }
        }
        return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }

    /// The names of the weight files, in the order of ``weightsHash``.
    public var weightFiles: [String] { store?.files.map(\.path) ?? [] }

    /// SHA-256 of the weights in lower-case hexadecimal digits: of the file, or, where there are
    /// several, of what `sha256sum` prints for them in the folder in the order of their names.
    ///
    /// Computed when first asked for, which reads all weights, and kept. `nil` without weights.
    public var weightsHash: String? { (store?.files).map(Checkpoints.weightsHash) }

    /// The sizes of the mapped weight files together: what they take of memory once all of it was
    /// read, shared with whoever else maps the same files.
    public var mappedBytes: Int { store?.files.reduce(0) { $0 + $1.file.count } ?? 0 }

    /// Throws if the weight files hold a tensor that no layer asked for; call it when the model is
    /// built.
    /// - Parameter patterns: names that may be left over; `*` stands for any run of characters.
    public func requireAllRead(ignoring patterns: [String] = []) throws(ParameterError) {
        try store?.requireAllRead(ignoring: patterns)
    }

    /// The weight files, in the order of ``weightFiles``.
    public var mappedFiles: [MappedFile] { store?.files.map(\.file) ?? [] }

    /// Whether the files on disk are still those that this was opened from.
    public var isCurrent: Bool {
        let file = Self.configurationFile(in: path)
        guard let now = try? Self.readConfiguration(file), now.values == configuration.values else {
            return false
        }
        return mappedFiles.allSatisfy { $0.identity == FileIdentity(path: $0.path) }
    }

    private static let schedulerFile = "/scheduler_config.json"

    private static func configurationFile(in path: String) -> String {
        let own = path + "/config.json"
        let scheduler = path + schedulerFile
        return unsafe access(own, F_OK) != 0 && access(scheduler, F_OK) == 0 ? scheduler : own
    }

    /// Reads a file like `config.json`: an object, in Python's dialect of JSON.
    public static func readConfiguration(_ path: String) throws(CheckpointError) -> Settings {
        let bytes = try BoundedFile.read(path, limit: 1 << 20)
        do {
            if case .table(let members) = try JSON.parse(bytes, as: .python) {
                return Settings(members)
            }
        } catch {
            throw CheckpointError(.malformed, path: path, error.description)
        }
        throw CheckpointError(.malformed, path: path, "not a JSON object")
    }
}

import Glibc
public import Layers

/// The folder of one stage's model: `config.json` and safetensors files.
public final class ModelFolder: Sendable {
    public let path: String
    /// `config.json`, as a tree.
    public let configuration: Settings
    /// The parameters of the weight files.
    public let parameters: Parameters
    /// `nil` for a folder that is only recorded.
    private let store: CheckpointStore?
    private let hash = WeightsHash()

    private init(
        path: String, configuration: Settings, parameters: Parameters, store: CheckpointStore?
    ) {
        self.path = path
        self.configuration = configuration
        self.parameters = parameters
        self.store = store
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
    public static func open(_ path: String) throws -> ModelFolder {
        let scheduler = path + "/scheduler_config.json"
        if unsafe access(scheduler, F_OK) == 0, unsafe access(path + "/config.json", F_OK) != 0 {
            let store = try CheckpointStore([])
            return ModelFolder(
                path: path, configuration: try settings(scheduler), parameters: Parameters(store),
                store: nil)
        }
        let files = try WeightFiles.find(in: path)
        let configuration = try settings(path + "/config.json")
        let store = try CheckpointStore(files)
        return ModelFolder(
            path: path, configuration: configuration, parameters: Parameters(store), store: store)
    }

    /// A folder without weights, whose parameters are listed as a model asks for them.
    public static func recording(
        configuration: Settings
    ) -> (folder: ModelFolder, recorder: ParameterRecorder) {
        let recorder = ParameterRecorder()
        let folder = ModelFolder(
            path: "", configuration: configuration, parameters: Parameters(recorder), store: nil)
        return (folder, recorder)
    }

    /// The names of the weight files, in the order of ``weightsHash``.
    public var weightFiles: [String] { store?.files.map(\.path) ?? [] }

    /// SHA-256 of the weights in lower-case hexadecimal digits: of the file, or, where there are
    /// several, of what `sha256sum` prints for them in the folder in the order of their names.
    ///
    /// Computed when first asked for, which reads all weights, and kept. `nil` without weights.
    public var weightsHash: String? { store.map { hash.value(of: $0.files.map(\.file)) } }

    /// Throws if the weight files hold a tensor that no layer asked for; call it when the model is
    /// built.
    /// - Parameter patterns: names that may be left over; `*` stands for any run of characters.
    public func requireAllRead(ignoring patterns: [String] = []) throws(ParameterError) {
        try store?.requireAllRead(ignoring: patterns)
    }

    private static func settings(_ path: String) throws(CheckpointError) -> Settings {
        let bytes = try BoundedFile.read(path, limit: 1 << 20)
        do {
            if case .table(let members) = try JSON.parse(bytes) { return Settings(members) }
        } catch {
            throw CheckpointError(.malformed, path: path, error.description)
        }
        throw CheckpointError(.malformed, path: path, "not a JSON object")
    }
}

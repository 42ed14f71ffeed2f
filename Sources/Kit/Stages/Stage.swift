public import Checkpoints

/// What a stage does, and so which slot of the pipeline it fills.
public enum StageKind: String, Sendable, CaseIterable {
    case imageEncoder = "image_encoder"
    case languageModel = "language_model"
    case featureMapper = "feature_mapper"
    case unet
    case vae
    case scheduler
    case textEncoder = "text_encoder"
}

/// How a stage introduces itself before it loads anything.
public struct StageDescriptor: Sendable, Equatable {
    public let kind: StageKind
    /// The name used in pipeline files: `llama`, `ddim`.
    public let name: String
    /// Shown to people, compared by nobody.
    public let version: String

    public init(_ kind: StageKind, name: String, version: String) {
        self.kind = kind
        self.name = name
        self.version = version
    }
}

/// All that a stage may ask of its host.
public struct StageContext: Sendable {
    /// The folder of `config.json` and weights; `nil` for a stage that has none.
    public let model: ModelFolder?
    /// The stage's own table in the pipeline file. The host calls `requireAllRead()` afterwards,
    /// so a key that the stage does not know is refused.
    public let settings: Settings
    /// A line for the host's log.
    public let log: @Sendable (String) -> Void

    public init(
        model: ModelFolder?, settings: Settings = Settings([:]),
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.model = model
        self.settings = settings
        self.log = log
    }

    /// The model folder, for a stage that cannot do without.
    public func requireModel() throws -> ModelFolder {
        guard let model else {
            throw SettingError(
                key: settings.path.isEmpty ? "model" : settings.path + ".model",
                message: "missing; this stage reads its weights from a model folder")
        }
        return model
    }
}

/// One model (or solver) of the pipeline, loaded and ready.
///
/// `init` reads weights and may take seconds. A stage is immutable and shared by all requests;
/// what belongs to one request (a key-value cache, a trajectory) is an object of its own. Stages
/// are called from the inference thread, one call at a time, and never suspend; before one
/// serves, its checks are run by the thread that made it. A swap replaces the stage for new
/// requests; a request keeps the stages it began with.
///
/// Input was checked against the stage's own properties before a call: a wrong shape is the
/// host's bug, and a `precondition`.
public protocol Stage: Sendable {
    static var descriptor: StageDescriptor { get }
    init(_ context: StageContext) throws
}

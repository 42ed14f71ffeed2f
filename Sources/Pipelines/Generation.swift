import Stages
import Synchronization
import Tensors

/// All stages of a pipeline, loaded, with its options: immutable, and numbered.
///
/// A request keeps the generation it was admitted with, so that a swap never changes what is
/// under way.
public final class Generation: Sendable {
    /// From 1, in the order of publication.
    public let number: Int
    public let file: PipelineFile

    let imageEncoder: any ImageEncoder
    let languageModel: any LanguageModel
    let featureMapper: any FeatureMapper
    let unet: any UNet
    let vae: any VAE
    let textEncoder: (any TextEncoder)?
    /// By the names that requests use.
    let schedulers: [String: SchedulerChoice]
    /// What was loaded, schedulers included, in the order of ``StageKind``.
    public let stages: [StageSummary]
    private let unconditionalFeature = Mutex<Tensor?>(nil)

    /// A scheduler, and its options as in the recipe.
    struct SchedulerChoice: Sendable {
        let scheduler: any Scheduler
        let recipe: String
    }

    /// - Parameter stages: all but schedulers, each of its kind.
    init(
        number: Int, file: PipelineFile, stages: [StageKind: any Stage],
        schedulers: [String: SchedulerChoice], summaries: [StageSummary]
    ) throws(PipelineError) {
        func stage<Kind>(_ kind: StageKind) throws(PipelineError) -> Kind {
            guard let stage = stages[kind] as? Kind else {
                throw PipelineError(
                    .noPlugin, file: file.path, line: file.line(of: "stage.\(kind.rawValue)"),
                    "stage.\(kind.rawValue): the plugin's stage is not of this kind")
            }
            return stage
        }
        self.number = number
        self.file = file
        imageEncoder = try stage(.imageEncoder)
        languageModel = try stage(.languageModel)
        featureMapper = try stage(.featureMapper)
        unet = try stage(.unet)
        vae = try stage(.vae)
        textEncoder = stages[.textEncoder] == nil ? nil : try stage(.textEncoder)
        self.schedulers = schedulers
        self.stages = summaries
        try StageContract.check(self)
    }

    /// The mapper's answer to zeros, `[1, L, C]`: the negative side of classifier-free guidance.
    /// Constant for a checkpoint, so computed once. On the inference thread alone.
    func unconditional() throws(RequestError) -> Tensor {
        if let feature = unconditionalFeature.withLock({ $0 }) { return feature }
        let zeros = Tensor([1, featureMapper.vokens, featureMapper.inputWidth], repeating: 0)
        let feature = try map(zeros)
        unconditionalFeature.withLock { $0 = feature }
        return feature
    }

    /// The positions that one sequence may have.
    var contextLength: Int { min(languageModel.contextLength, file.limits.contextTokens) }

    /// Pixels of a side of the pictures.
    var pictureSide: Int { unet.sampleSize * vae.downsampling }
}

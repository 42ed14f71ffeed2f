import Checkpoints
import PluginHost
import Stages
import Tensors

/// All stages of a pipeline, loaded, with its options: immutable, and numbered.
///
/// A request keeps the generation it was admitted with, so that a swap never changes what is
/// under way. Stages that a swap does not replace are shared between generations.
public final class Generation: Sendable {
    /// From 1, in the order of publication.
    public let number: Int
    public let file: PipelineFile
    /// By the keys of the pipeline file.
    let loaded: [String: LoadedStage]
    /// The generation that a stage came with, by the same keys.
    let origins: [String: Int]

    let imageEncoder: any ImageEncoder
    let languageModel: any LanguageModel
    let featureMapper: any FeatureMapper
    let unet: any UNet
    let vae: any VAE
    let textEncoder: (any TextEncoder)?
    /// Of requests that name no scheduler.
    let ownScheduler: SchedulerChoice
    /// Further ones, by the names that requests use.
    let schedulers: [String: SchedulerChoice]
    /// What was loaded, schedulers included, in the order of ``StageKind``.
    public let stages: [StageSummary]
    let host: PluginHost
    let unconditional: Unconditional

    /// - Parameters:
    ///   - stages: by the keys of the file's entries; all of them.
    ///   - origins: of those stages that are another generation's.
    ///   - former: one that may share some of them.
    init(
        number: Int, file: PipelineFile, stages: [String: LoadedStage],
        origins: [String: Int] = [:], host: PluginHost, sharing former: Generation? = nil
    ) throws(PipelineError) {
        func stage<Kind>(_ kind: StageKind) throws(PipelineError) -> Kind {
            guard let entry = file.stages[kind], let stage = stages[entry.key]?.stage as? Kind
            else {
                throw PipelineError(
                    .noPlugin, file: file.path, line: file.line(of: "stage.\(kind.rawValue)"),
                    "stage.\(kind.rawValue): the plugin's stage is not of this kind")
            }
            return stage
        }
        func choice(_ entry: StageEntry?) throws(PipelineError) -> SchedulerChoice {
            guard let loaded = entry.flatMap({ stages[$0.key] }),
                let choice = SchedulerChoice(loaded)
            else {
                throw PipelineError(
                    .noPlugin, file: file.path, "\(entry?.key ?? "scheduler"): not a scheduler")
            }
            return choice
        }
        self.number = number
        self.file = file
        self.host = host
        loaded = stages
        self.origins = stages.mapValues { _ in number }.merging(origins) { _, origin in origin }
        unconditional = Unconditional(stages, sharing: former)
        imageEncoder = try stage(.imageEncoder)
        languageModel = try stage(.languageModel)
        featureMapper = try stage(.featureMapper)
        unet = try stage(.unet)
        vae = try stage(.vae)
        textEncoder = file.stages[.textEncoder] == nil ? nil : try stage(.textEncoder)
        ownScheduler = try choice(file.stages[.scheduler])
        var schedulers: [String: SchedulerChoice] = [:]
        for (name, entry) in file.schedulers { schedulers[name] = try choice(entry) }
        self.schedulers = schedulers
        self.stages = file.entries.compactMap { entry in
            stages[entry.key].map { StageSummary($0, entry) }
        }
        try StageContract.check(self)
    }

    /// The account that the calls of a stage are charged to.
    func work(_ kind: StageKind) -> MemoryAccount? {
        file.stages[kind].flatMap { loaded[$0.key]?.work }
    }

    /// The positions that one sequence may have.
    var contextLength: Int { min(languageModel.contextLength, file.limits.contextTokens) }

    /// Pixels of a side of the pictures.
    var pictureSide: Int { unet.sampleSize * vae.downsampling }
}

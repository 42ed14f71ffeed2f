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

    /// Of requests that name no scheduler.
    let ownScheduler: SchedulerChoice
    /// Further ones, by the names that requests use.
    let schedulers: [String: SchedulerChoice]
    /// What was loaded, schedulers included, in the order of ``StageKind``.
    public let stages: [StageSummary]
    let host: PluginHost
    /// Of the calls of the stages.
    let plans: [StageKind: StepPlans]
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
        var plans: [StageKind: StepPlans] = [:]
        for (kind, entry) in file.stages {
            let isShared = former?.loaded[entry.key]?.weights === stages[entry.key]?.weights
            plans[kind] = (isShared ? former?.plans[kind] : nil) ?? StepPlans()
        }
        self.plans = plans
        let _: any ImageEncoder = try stage(.imageEncoder)
        let _: any LanguageModel = try stage(.languageModel)
        let _: any FeatureMapper = try stage(.featureMapper)
        let _: any UNet = try stage(.unet)
        let _: any VAE = try stage(.vae)
        if file.stages[.textEncoder] != nil { let _: any TextEncoder = try stage(.textEncoder) }
        ownScheduler = try choice(file.stages[.scheduler])
        var schedulers: [String: SchedulerChoice] = [:]
        for (name, entry) in file.schedulers { schedulers[name] = try choice(entry) }
        self.schedulers = schedulers
        // The sums of weights, which are part of it, would take all of them to be read.
        self.stages =
            DryRun.isRunning
            ? []
            : file.entries.compactMap { entry in
                stages[entry.key].map { StageSummary($0, entry) }
            }
        try StageContract.check(self)
    }

    // Asked for anew at each use: under a memory limit a stage may be let go of meanwhile.
    var imageEncoder: any ImageEncoder { stage(.imageEncoder) }
    var languageModel: any LanguageModel { stage(.languageModel) }
    var featureMapper: any FeatureMapper { stage(.featureMapper) }
    var unet: any UNet { stage(.unet) }
    var vae: any VAE { stage(.vae) }
    var textEncoder: (any TextEncoder)? {
        file.stages[.textEncoder] == nil ? nil : stage(.textEncoder) as any TextEncoder
    }

    private func stage<Kind>(_ kind: StageKind) -> Kind {
        guard let entry = file.stages[kind], let stage = loaded[entry.key]?.stage as? Kind else {
            preconditionFailure("stage \(kind.rawValue) was of its kind when it was loaded")
        }
        return stage
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

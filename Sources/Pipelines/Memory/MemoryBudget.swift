import Checkpoints
public import PluginHost
import Stages
import Tensors

/// What a pipeline takes of memory, by dry runs: no weights are read, and nothing is computed.
public struct MemoryBudget: Sendable, Equatable {
    public struct Stage: Sendable, Equatable {
        /// Of the pipeline file: `stage.unet`.
        public var key: String
        public var name: String
        /// Of weight files, read in place: the system may drop such pages and read them again.
        public var weightsMapped: Int
        /// Weights that are rearranged or converted.
        public var weightsPrivate: Int
        /// Of the largest step.
        public var activations: Int
        /// What a job keeps from step to step: keys and values of a sequence that fills the
        /// context, or of an image's conditioning.
        public var cache: Int
        /// Whether there are weights; else their bytes are counted from the configuration.
        public var hasWeights: Bool

        public var weights: Int { weightsMapped + weightsPrivate }
    }

    public var stages: [Stage]
    /// Sequences at a time, at most.
    public var sequences: Int
    /// Beginnings of prompts that are held, at most.
    public var promptCache: Int
    /// What threads keep for the intermediate results of kernels, at most.
    public var kernels: Int
    /// Of the pipeline file, in bytes.
    public var limit: Int?

    public var weightsMapped: Int { stages.reduce(0) { $0 + $1.weightsMapped } }
    public var weightsPrivate: Int { stages.reduce(0) { $0 + $1.weightsPrivate } }
    /// Steps follow each other in the same memory.
    public var activations: Int { stages.map(\.activations).max() ?? 0 }
    /// Of one job.
    public var cache: Int { stages.reduce(0) { $0 + $1.cache } }
    /// With everything in memory, and as many sequences as may run, each filling the context.
    public var total: Int {
        weightsMapped + weightsPrivate + activations + kernels + cache * sequences + promptCache
    }
    /// Under which no limit can be: of the largest stage, with one sequence.
    public var least: Int {
        (stages.map(\.weights).max() ?? 0) + activations + kernels + cache
    }

    /// - Throws: what is wrong with the pipeline, as loading it would.
    public init(_ file: PipelineFile, host: PluginHost) throws(PipelineError) {
        let loader = StageLoader(file: file, host: host, log: { _ in })
        var loaded: [String: StageLoader.Rehearsal] = [:]
        for entry in file.entries {
            do {
                loaded[entry.key] = try loader.rehearse(entry)
            } catch {
                throw error.pipelineError(entry, file)
            }
        }
        let generation = try DryRun.perform { () throws(PipelineError) in
            try Generation(
                number: 0, file: file, stages: loaded.mapValues(\.loaded), host: host)
        }
        stages = file.entries.compactMap { entry in
            loaded[entry.key].map { Stage(entry, $0, generation) }
        }
        sequences = file.engine.concurrency
        promptCache = file.engine.promptCacheBytes
        kernels = file.engine.kernelBytes
        limit = file.engine.memoryLimit
    }

    /// - Throws: if the limit is less than what a single stage needs.
    func requireRoom(in file: PipelineFile) throws(PipelineError) {
        guard let limit, limit < least,
            let largest = stages.max(by: { $0.weights < $1.weights })
        else { return }
        func megabytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
        throw PipelineError(
            .memory, file: file.path, line: file.line(of: "engine.memory_limit_mb"),
            "engine.memory_limit_mb is \(limit >> 20), but \(largest.key) alone needs "
                + "\(megabytes(least)): \(megabytes(largest.weights)) of weights, "
                + "\(megabytes(activations)) of activations, \(megabytes(kernels)) of kernels and "
                + "\(megabytes(cache)) for one sequence; raise it, or use smaller weights, or lower limits.context_tokens"
        )
    }
}

extension EngineOptions {
    /// That the threads of operations keep for kernels, at most.
    var kernelBytes: Int {
        (threads > 0 ? threads : ThreadPool.threads) * KernelMemory.mostOfThread
    }
}

extension MemoryBudget.Stage {
    fileprivate init(
        _ entry: StageEntry, _ rehearsal: StageLoader.Rehearsal, _ generation: Generation
    ) {
        key = entry.key
        name = rehearsal.loaded.descriptor.name
        hasWeights = rehearsal.countedBytes == nil
        weightsMapped = rehearsal.countedBytes ?? rehearsal.loaded.model?.mappedBytes ?? 0
        weightsPrivate = rehearsal.loaded.weights.tensors.bytes
        let isOwn = generation.file.stages[entry.kind]?.key == entry.key
        activations =
            isOwn
            ? generation.largestSteps(of: entry.kind).map { works in
                StageCall(generation: generation, works: works).plan?.byteCount ?? 0
            }.max() ?? 0 : 0
        switch entry.kind {
        case .languageModel: cache = generation.bytesOfSequence
        case .unet: cache = generation.bytesOfImage
        default: cache = 0
        }
    }
}

extension Generation {
    /// Of a stage, in a dry run.
    fileprivate func largestSteps(of kind: StageKind) -> [[StageWork]] {
        func x(_ shape: Shape) -> Tensor { Tensor(shapeOnly: shape) }
        let side = unet.sampleSize
        let latents: Shape = [1, side, side, unet.latentChannels]
        switch kind {
        case .imageEncoder:
            return [[.encode(x([1, imageEncoder.imageSize, imageEncoder.imageSize, 3]))]]
        case .languageModel:
            let width = languageModel.width
            let rows = min(max(file.engine.prefillChunk, featureMapper.vokens), contextLength)
            return [
                [.forward(x([rows, width]), DryRun.perform { languageModel.makeState() })],
                (0..<WorkCompany.rows).map { _ in .logits(x([1, width])) },
            ]
        case .featureMapper:
            return [[.map(x([1, featureMapper.vokens, featureMapper.inputWidth]))]]
        case .unet:
            let batch = max(file.engine.unetBatch, 2)
            return [
                [
                    .predict(
                        Prediction(
                            latents: x(latents.with(batch, at: 0)), timestep: 0,
                            conditioning: (0..<batch).map { _ in
                                ImageConditioning(
                                    x([1, featureMapper.length, unet.conditioningWidth]))
                            }))
                ]
            ]
        case .vae: return [[.decode(x(latents))]]
        case .scheduler, .textEncoder: return []
        }
    }

    /// What the UNet keeps of one image: both sides of its conditioning, and deep features.
    fileprivate var bytesOfImage: Int {
        let account = MemoryAccount()
        return MemoryAccount.charging(account) {
            DryRun.perform {
                let sides = (0..<2).map { _ in
                    ImageConditioning(
                        Tensor(shapeOnly: [1, featureMapper.length, unet.conditioningWidth]))
                }
                let states = [DeepFeatures(), DeepFeatures()]
                let isDeep = unet.shortcuts.contains(.deepFeatures)
                let side = unet.sampleSize
                let work = Prediction(
                    latents: Tensor(shapeOnly: [2, side, side, unet.latentChannels]), timestep: 0,
                    conditioning: sides,
                    shortcuts: UNetShortcuts(depth: isDeep ? .keeping(states) : .full))
                _ = Prediction.call(unet, [work])
                return withExtendedLifetime((sides, states)) { account.caches.bytes }
            }
        }
    }

    /// Of one that fills the context.
    fileprivate var bytesOfSequence: Int {
        let account = MemoryAccount()
        return MemoryAccount.charging(account) {
            DryRun.perform {
                let state = languageModel.makeState()
                let rows = Tensor(shapeOnly: [contextLength, languageModel.width])
                _ = languageModel.forward(rows, state: state)
                return max(account.caches.bytes, state.byteCount)
            }
        }
    }
}

extension StageLoader {
    /// A stage that was made in a dry run.
    struct Rehearsal {
        let loaded: LoadedStage
        /// Of its weights, as far as the configuration says; `nil` if there are files.
        let countedBytes: Int?
    }

    func rehearse(_ entry: StageEntry) throws(Failure) -> Rehearsal {
        let (model, recorder) = try rehearsalFolder(entry)
        do {
            let loaded = try DryRun.perform { () throws(PluginError) in
                try host.load(entry.order(model, log: log), searching: file.pluginFolders)
            }
            return Rehearsal(
                loaded: loaded,
                countedBytes: recorder.map { recorder in
                    let numbers = recorder.parameters.reduce(0) { $0 + $1.shape.count }
                    return numbers * (model?.configuration.bytesOfElement ?? 4)
                })
        } catch {
            throw .plugin(error.of(entry, among: host.names(of: entry.kind)))
        }
    }

    /// - Returns: with a recorder if the folder has no weights.
    private func rehearsalFolder(
        _ entry: StageEntry
    ) throws(Failure) -> (ModelFolder?, ParameterRecorder?) {
        do throws(Failure) {
            return (try folder(entry, former: nil), nil)
        } catch {
            guard let path = entry.model, entry.weights == nil,
                !(Folder.names(in: path) ?? []).contains(where: { $0.contains(".safetensors") }),
                let configuration = try? ModelFolder.readConfiguration(path + "/config.json")
            else { throw error }
            return ModelFolder.recording(configuration: configuration, path: path)
        }
    }
}

extension Settings {
    /// Of the weights that `config.json` speaks of.
    fileprivate var bytesOfElement: Int {
        switch value("torch_dtype") ?? value("dtype") {
        case .string("float16"), .string("bfloat16"): 2
        default: 4
        }
    }
}

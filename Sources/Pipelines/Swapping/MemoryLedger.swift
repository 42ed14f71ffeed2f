import Checkpoints
import PluginHost
import Stages
import Tensors

/// Bytes that stages use.
public struct MemoryUse: Sendable, Equatable {
    /// Weights that were rearranged or converted, caches, activations.
    public var privateBytes = 0
    /// Weight files, read in place.
    public var mappedBytes = 0

    public init() {}

    /// What generations use and others do not: a stage, or a mapped file, that several share
    /// counts once.
    init(of generations: [Generation], without others: [Generation] = []) {
        let shared = Set(others.flatMap { $0.loaded.values.map { ObjectIdentifier($0.weights) } })
        let sharedFiles = Set(others.flatMap { $0.mappedFiles.map { ObjectIdentifier($0) } })
        var stages: Set<ObjectIdentifier> = []
        var files: Set<ObjectIdentifier> = []
        for generation in generations {
            for loaded in generation.loaded.values {
                let id = ObjectIdentifier(loaded.weights)
                guard !shared.contains(id), stages.insert(id).inserted else { continue }
                privateBytes +=
                    loaded.weights.tensors.bytes + loaded.work.tensors.bytes
                    + loaded.work.caches.bytes
            }
            for file in generation.mappedFiles {
                let id = ObjectIdentifier(file)
                guard !sharedFiles.contains(id), files.insert(id).inserted else { continue }
                mappedBytes += file.count
            }
        }
    }

    public var total: Int { privateBytes + mappedBytes }
}

/// Bytes that one stage uses.
public struct StageMemory: Sendable, Equatable {
    /// Of weight files, read in place.
    public var weightsMapped: Int
    /// Weights that were rearranged or converted.
    public var weightsPrivate: Int
    /// Key-value caches of the requests under way.
    public var caches: Int
    /// The most that its calls have held at once.
    public var activationsPeak: Int

    public init(
        weightsMapped: Int, weightsPrivate: Int, caches: Int, activationsPeak: Int
    ) {
        self.weightsMapped = weightsMapped
        self.weightsPrivate = weightsPrivate
        self.caches = caches
        self.activationsPeak = activationsPeak
    }

    init(_ loaded: LoadedStage) {
        self.init(
            weightsMapped: loaded.model?.mappedBytes ?? 0,
            weightsPrivate: loaded.weights.tensors.bytes, caches: loaded.work.caches.bytes,
            activationsPeak: loaded.work.tensors.peak)
    }
}

extension Generation {
    var mappedFiles: [MappedFile] { loaded.values.flatMap { $0.model?.mappedFiles ?? [] } }
}

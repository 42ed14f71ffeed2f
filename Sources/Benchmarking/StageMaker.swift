import Checkpoints
import Layers
import Pipelines
import PluginHost
import Stages

/// A stage that is ready to be measured.
struct Subject {
    let loaded: LoadedStage
    let configuration: Settings
    /// How its weights are stored: a ``WeightType``'s raw value, or what the files say.
    let type: String

    /// The stage's name in its plugin, which says what its configuration means.
    var name: String { loaded.descriptor.name }

    func stage<Kind>(as kind: Kind.Type) throws -> Kind {
        guard let stage = loaded.stage as? Kind else {
            throw BenchmarkError("\(name) is not what its descriptor says it is")
        }
        return stage
    }
}

/// Makes stages one by one; whoever lets go of one frees its memory.
final class StageMaker {
    let source: StageSource
    private let host: PluginHost
    private let folder: TokenizerFolder

    init(_ source: StageSource) throws {
        self.source = source
        var file: PipelineFile?
        if case .pipeline(let own) = source { file = own }
        host = try Pipeline.host(for: file)
        folder = try TokenizerFolder()
    }

    func make(_ kind: StageKind) throws -> Subject {
        switch source {
        case .pipeline(let file):
            let loaded = try Pipeline.load(kind, of: file, host: host)
            return Subject(
                loaded: loaded, configuration: loaded.model?.configuration ?? Settings([:]),
                type: storedType(loaded.model?.mainFormat))
        case .random(let geometry, let types):
            guard let model = geometry.stages[kind] else {
                throw BenchmarkError("\(geometry.name) has no \(kind.rawValue)")
            }
            return try random(kind, model, types[kind])
        }
    }

    /// The side of the latents that the pipeline's UNet was trained at.
    func latentSide() throws -> Int {
        switch source {
        case .pipeline(let file):
            try file.configuration(of: .unet)?.model.extent("sample_size", default: 64) ?? 64
        case .random(let geometry, _):
            try Settings(geometry.stages[.unet]?.configuration ?? [:])
                .extent("sample_size", default: 64)
        }
    }

    /// The plan of a published sampler, which needs no weights.
    func scheduler(steps: Int) throws -> any Trajectory {
        let settings = Settings([
            "beta_start": .number(0.00085), "beta_end": .number(0.012),
            "beta_schedule": .string("scaled_linear"), "clip_sample": .boolean(false),
            "set_alpha_to_one": .boolean(false), "steps_offset": .integer(1),
        ])
        let loaded = try host.load(
            StageOrder(.scheduler, plugin: "ddim", StageContext(model: nil, settings: settings)))
        guard let scheduler = loaded.stage as? any Scheduler else {
            throw BenchmarkError("ddim is not a scheduler")
        }
        return try scheduler.trajectory(steps: steps)
    }

    private func random(
        _ kind: StageKind, _ model: Geometry.Model, _ type: WeightType
    ) throws -> Subject {
        let configuration = Settings(model.configuration)
        func load(_ store: any ParameterStore) throws -> LoadedStage {
            let folder = ModelFolder.of(configuration, parameters: store, path: folder.path)
            return try host.load(
                StageOrder(kind, plugin: model.plugin, StageContext(model: folder)))
        }
        let recorder = ParameterRecorder()
        _ = try load(recorder)
        try requireMemory(
            for: recorder.parameters.reduce(0) {
                $0 + RandomParameters.byteCount($1.shape, $1.use, type)
            }, "\(kind.rawValue) in \(type.rawValue)")
        let parameters = RandomParameters(type)
        do {
            return Subject(
                loaded: try load(parameters), configuration: configuration, type: type.rawValue)
        } catch {
            throw parameters.failure ?? error
        }
    }

    private func requireMemory(for bytes: Int, _ what: String) throws {
        guard let available = ProcessMemory.available, bytes > available else { return }
        throw BenchmarkError(
            "\(what) takes \(gibibytes(Double(bytes))) of memory, and \(gibibytes(Double(available))) "
                + "are available: choose a smaller --type")
    }
}

/// `f16` for `F16`, `bf16` for a layout of bf16 numbers like `bf16-pairs-32`.
private func storedType(_ format: String?) -> String {
    (format?.lowercased().split(separator: "-").first).map(String.init) ?? "-"
}

func gibibytes(_ bytes: Double) -> String {
    let tenths = Int((bytes / Double(1 << 30) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) GiB"
}

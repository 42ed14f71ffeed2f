import ArgumentParser
import Benchmarking
import Layers
import Pipelines
import Stages

/// What is measured.
struct BenchSubject: ParsableArguments {
    @Option(help: "The pipeline file whose models are measured (default: the pocket's).")
    var pipeline: String?

    @Option(
        help: """
            Measure random weights instead, of the sizes of MiniGPT-5 (minigpt5) or of a pipeline \
            file's models. Nothing is downloaded.
            """)
    var geometry: String?

    @Option(
        help: """
            How random weights are stored: \
            \(WeightType.allCases.map(\.rawValue).joined(separator: ", ")); for all stages or for \
            some, as in q8_0,unet=bf16 (default: bf16).
            """)
    var type: String?

    func validate() throws {
        if pipeline != nil, geometry != nil {
            throw ValidationError("--pipeline and --geometry exclude each other")
        }
        _ = try types()
    }

    func validate(forKernels: Bool) throws {
        if forKernels, pipeline != nil || geometry != nil {
            throw ValidationError("--kernels are of no model: leave --pipeline and --geometry out")
        }
        if type != nil, geometry == nil, !forKernels {
            throw ValidationError(
                "--type is of random weights, those of a pipeline are as its files have them: name "
                    + "a --geometry")
        }
    }

    func source(forKernels: Bool) throws -> StageSource {
        guard !forKernels else { return .random(.none, try types()) }
        switch geometry {
        case nil:
            guard let path = pipeline ?? Installation.current.defaultPipeline else {
                throw Failure.pipeline("no pipeline file is installed: name one with --pipeline")
            }
            return .pipeline(try PipelineFile(path))
        case "minigpt5": return .random(.minigpt5, try types())
        case let path?:
            guard path.contains("/") || path.hasSuffix(".toml") else {
                throw Failure.usage(
                    "\"\(path)\" is neither minigpt5 nor a pipeline file (--geometry)")
            }
            return .random(try Geometry(of: try PipelineFile(path)), try types())
        }
    }

    private func types() throws -> WeightTypes {
        do { return try WeightTypes(parsing: type ?? "bf16", general: .bf16) } catch {
            throw ValidationError("--type: \(error)")
        }
    }
}

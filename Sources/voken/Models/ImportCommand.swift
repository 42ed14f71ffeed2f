public import ArgumentParser
import Layers
import ModelImport
import Pipelines
import PluginHost
public import Stages
import Stories

/// `voken import`: published weights to a model folder.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a model folder of published weights.",
        discussion: """
            What a source is, is told by its tensors and its config.json, never by its name. \
            Sources are diffusers pipelines and their folders, transformers LLaMA folders, GGUF \
            files of LLaMAs, EVA, BLIP-2, MiniGPT-4 and MiniGPT-5 checkpoints, and model folders.

              voken import SmolLM2.gguf --to smol --type f16
              voken import vicuna-7b-v0 stage1_cc3m.ckpt stage2_vist.ckpt eva_vit_g.pth \\
                  blip2_pretrained_flant5xxl.pth prerained_minigpt4_7b.pth \\
                  stable-diffusion-2-1-base --to minigpt5 --type bf16,language_model=q8_0

            The folder appears when it is whole. After an interruption the same command goes on \
            where it stopped (DIR.part).
            """)

    @Argument(help: ArgumentHelp("Files and folders.", valueName: "source"))
    var sources: [String]

    @Option(help: ArgumentHelp("The model's folder, which must not be there.", valueName: "dir"))
    var to: String

    @Option(help: ArgumentHelp(WeightTypes.help, valueName: "type"))
    var type = WeightTypes(.f32)

    @Option(help: "Take this stage only; can be repeated.")
    var stage: [StageKind] = []

    @Option(
        help: ArgumentHelp(
            "Leave out tensors of that name, * for any run of characters; can be repeated.",
            valueName: "pattern"))
    var ignore: [String] = []

    @Flag(help: "Replace a model that is at the folder.")
    var force = false

    @Flag(help: "Say what would be done, and write nothing.")
    var dryRun = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if sources.isEmpty { throw ValidationError("name at least one source") }
    }

    func run() throws {
        let order = ImportOrder(
            sources: sources, target: to, types: type, stages: Set(stage), ignored: ignore,
            force: force, tool: "voken \(vokenVersion)")
        try importing {
            // Before the plan, which has a folder of its own while it is made.
            let stop = StopSignal()
            let host = try Pipeline.host(for: nil)
            let planned = try ModelImport(order, host: host)
            if !json { write(ImportText(planned).text, to: 2) }
            try planned.requireComplete()
            if dryRun {
                if json { write(Stories.json(ImportReport(planned, nil)) + "\n", to: 1) }
                return
            }
            let bar = ProgressBar()
            defer { bar.end() }
            let manifest = try planned.run(host: host) { progress in
                try stop.check()
                bar.show(progress)
            }
            bar.end()
            if json {
                write(Stories.json(ImportReport(planned, manifest)) + "\n", to: 1)
            } else {
                write(ImportText(planned).conclusion, to: 1)
            }
        }
    }
}

extension WeightTypes: @retroactive ExpressibleByArgument {
    static var help: String {
        "What the weights are stored in: "
            + WeightType.allCases.map(\.rawValue).joined(separator: ", ")
            + "; for all stages, or for some as in bf16,language_model=q8_0."
    }

    public init?(argument: String) {
        guard let types = try? WeightTypes(parsing: argument, general: .f32) else { return nil }
        self = types
    }

    public var defaultValueDescription: String { description }
}

/// Turns what an import throws into how a command ends.
func importing(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as ImportError {
        throw error.code == .stopped ? Failure.cancelled(error.message) : .failed(error.message)
    } catch let error as Failure {
        throw error
    } catch {
        throw Failure.failed("\(error)")
    }
}

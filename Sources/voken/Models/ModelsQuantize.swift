import ArgumentParser
import ModelImport
import Pipelines
import Stages

/// `voken models quantize`: a model in another type.
struct ModelsQuantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Make a model of another type from a model's folder.",
        discussion: """
            From f32 or f16 to any type, and from bf16 to q8_0 and q4. What was quantised before is \
            refused: rounding twice loses more than once, so go back to what the model was \
            imported from.
            """)

    @Argument(help: "The model's folder.")
    var folder: String

    @Option(
        help: ArgumentHelp("The new model's folder, which must not be there.", valueName: "dir"))
    var to: String

    @Option(help: ArgumentHelp(WeightTypes.help, valueName: "type"))
    var type: WeightTypes

    @Option(help: "Take this stage only; can be repeated.")
    var stage: [String] = []

    @Flag(help: "Replace a model that is at the folder.")
    var force = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        var words = [folder, "--to", to, "--type", type.description]
        for kind in stage { words += ["--stage", kind] }
        if force { words.append("--force") }
        if json { words.append("--json") }
        try ImportCommand.parse(words).run()
    }
}

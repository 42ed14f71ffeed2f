import ArgumentParser
import Pipelines
import Stages
import VokenClient
import Wire

/// `voken swap`: another stage, while requests run.
struct Swap: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replace a stage of the daemon while requests run.",
        discussion: """
            The new stage is checked, probed in a child process, made and tested beside the one \
            that serves, and then takes its place for new requests; those that run end on what \
            they began with. Whatever fails leaves the old one serving.

            Options of the stage that serves stay if the new one knows them, and are remembered \
            if it does not.

              voken swap scheduler pndm --set skip_prk_steps=true
              voken swap scheduler "DPM++ 2M Karras"
              voken swap scheduler ./libMine.so
              voken swap unet --weights ink.safetensors
            """)

    @Argument(
        help: "The stage: \(StageKind.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: stageKind)
    var stage: StageKind

    @Argument(
        help: """
            The name of a stage in the plugin folders, or a plugin's file (default: what serves, \
            loaded anew if its file has changed).
            """)
    var plugin: String?

    @Option(help: ArgumentHelp("An option of the stage; repeatable.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: "A model folder, or a safetensors file in place of its weights.")
    var weights: String?

    @Flag(help: "Forget the options that serve.")
    var fresh = false

    @OptionGroup var drain: DrainOptions
    @OptionGroup var output: SwapOutput
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let request = SwapRequest(
            kind: stage.rawValue, plugin: plugin.map(pluginName) ?? "",
            weights: weights.map(FilePath.absolute) ?? "", options: optionsText(try options(set)),
            fresh: fresh, drain: drain.policy)
        try output.follow { try daemon.connect().swap(request) }
    }
}

/// `voken apply`: another pipeline file, while requests run.
struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve by another pipeline file while requests run: all of it, or nothing.",
        discussion: """
            Stages that are the same go on serving; those that differ are prepared as by `voken \
            swap`, and published together. The tables [swap] and engine.threads count at the \
            daemon's next start.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Flag(help: "Say what would change, prepare all of it, and publish nothing.")
    var dryRun = false

    @OptionGroup var drain: DrainOptions
    @OptionGroup var output: SwapOutput
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let text = String(decoding: try readFile(pipeline, limit: 1 << 20), as: UTF8.self)
        let request = ApplyRequest(
            text: text, path: FilePath.absolute(pipeline), dryRun: dryRun, drain: drain.policy)
        try output.follow { try daemon.connect().apply(request) }
    }
}

/// `voken rollback`: back to a generation that is kept.
struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve with the generation that served before, or another that is kept.")

    @Option(name: .customLong("to"), help: "The generation's number (default: the last one).")
    var generation: Int?

    @OptionGroup var drain: DrainOptions
    @OptionGroup var output: SwapOutput
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if let generation, !(1...Int(UInt32.max)).contains(generation) {
            throw ValidationError("--to is the number of a generation")
        }
    }

    func run() throws {
        let request = RollbackRequest(generation: generation ?? 0, drain: drain.policy)
        try output.follow { try daemon.connect().rollback(request) }
    }
}

/// How to wait for the requests of the generation that was replaced.
struct DrainOptions: ParsableArguments {
    @Option(
        help: """
            How long to wait for the requests of the old generation: 500ms, 60s, 5m; 0 does not \
            wait. They go on afterwards.
            """,
        transform: parseDuration)
    var drainTimeout = Duration.seconds(60)

    @Flag(help: "Cancel the requests that are left after that time.")
    var cancelLeft = false

    var policy: Wire.DrainPolicy {
        Wire.DrainPolicy(
            timeout: Int64(drainTimeout / .nanoseconds(1)), cancel: cancelLeft)
    }
}

func stageKind(_ text: String) throws -> StageKind {
    guard let kind = StageKind(rawValue: text) else {
        throw ValidationError("\"\(text)\" is not a stage")
    }
    return kind
}

/// A file if it looks like one, else the name of a stage.
func pluginName(_ plugin: String) -> String {
    plugin.contains("/") || plugin.hasSuffix(".so") ? FilePath.absolute(plugin) : plugin
}

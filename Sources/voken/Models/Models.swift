import ArgumentParser
import Pipelines

/// `voken models`: the models on this machine.
struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, inspect, verify and quantise models; no daemon is asked.",
        subcommands: [ModelsList.self, ModelsInspect.self, ModelsVerify.self, ModelsQuantize.self],
        defaultSubcommand: ModelsList.self)
}

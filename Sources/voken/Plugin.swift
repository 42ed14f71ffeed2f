import ArgumentParser

/// `voken plugin`: for authors of stages.
struct Plugin: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write stages of your own.",
        subcommands: [PluginNew.self])
}

import ArgumentParser
import Pipelines
import Wire

/// How pictures are drawn, for whoever asks for some.
struct DrawingOptions: ParsableArguments {
    @Option(help: "Steps of the scheduler for each picture.")
    var steps: Int?

    @Option(help: "Scale of classifier-free guidance; 1 is none.")
    var guidance: Double?

    @Option(
        help: "From 0 to 1: how far guided outputs are scaled back to the spread of unguided ones.")
    var guidanceRescale: Double?

    @Option(
        help: """
            A scheduler that the pipeline names, or any in the plugin folders, by any of its names \
            (voken schedulers).
            """)
    var scheduler: String?

    @Option(
        help: ArgumentHelp(
            "An option of the scheduler, for this alone; repeatable.", valueName: "key=value"))
    var schedulerSet: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            Inexact: the noise levels between which guidance is used, or "all". Like the two below, \
            it draws faster, and another picture; the picture's recipe says so.
            """, valueName: "low:high"))
    var guidanceInterval: GuidanceRange?

    @Option(
        help: ArgumentHelp(
            "Inexact: of the UNet's calls every so many goes all the way down; 1 for all.",
            valueName: "calls"))
    var deepCache: Int?

    @Option(
        help: ArgumentHelp(
            "Inexact: of the tokens of self-attention, what share is merged into others, to 0.75.",
            valueName: "share"))
    var tokenMerging: Double?

    var shortcuts: ShortcutSettings {
        ShortcutSettings(
            guidanceInterval: guidanceInterval?.interval, deepCache: deepCache,
            tokenMerging: tokenMerging)
    }
}

/// `0.3:5`, or `all`.
struct GuidanceRange: ExpressibleByArgument {
    let interval: GuidanceInterval

    init?(argument: String) {
        let bounds = argument.split(separator: ":", omittingEmptySubsequences: false)
            .compactMap { Double($0) }
        if argument == "all" {
            interval = .all
        } else if bounds.count == 2, argument.count(where: { $0 == ":" }) == 1 {
            interval = GuidanceInterval(low: bounds[0], high: bounds[1])
        } else {
            return nil
        }
    }
}

extension ShortcutOptions {
    init(_ settings: ShortcutSettings) {
        self.init(
            guidanceInterval: settings.guidanceInterval.map {
                GuidanceInterval(low: $0.low, high: $0.high)
            }, deepCache: settings.deepCache, tokenMerging: settings.tokenMerging)
    }
}

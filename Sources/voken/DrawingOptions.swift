import ArgumentParser

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
}

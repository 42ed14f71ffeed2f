import ArgumentParser
import Pipelines
import Stories
import VokenClient
import Wire

/// `voken generate`: a prompt goes in, an interleaved story comes out.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell a story that a prompt opens.",
        discussion: """
            The prompt is the first scene; each further scene is one turn of the model, whose text \
            and picture are context for the next. Pictures and story.html are written to a folder.
            """)

    @Argument(help: "The first sentence of the story.")
    var prompt: String

    @Option(help: "Scenes in all, the prompt's own included.")
    var scenes: Int?

    @Option(help: "A PNG or JPEG file shown to the model before the prompt; repeatable.")
    var image: [String] = []

    @Option(help: "Seed of text and pictures; random if not given.")
    var seed: UInt64?

    @OptionGroup var drawing: DrawingOptions
    @OptionGroup var terms: JobOptions
    @OptionGroup var output: StoryOutput
    @OptionGroup var place: Place

    func validate() throws {
        guard place.isLocal, !terms.isDefault else { return }
        throw ValidationError(
            "--detach, --priority and --on-disconnect are for a daemon: leave out --local and "
                + "--pipeline")
    }

    func run() throws {
        let request = StoryRequest(
            prompt: prompt, scenes: scenes,
            images: try image.map { try readFile($0, limit: 32 << 20) }, steps: drawing.steps,
            seed: seed, guidance: drawing.guidance, guidanceRescale: drawing.guidanceRescale,
            scheduler: drawing.scheduler, schedulerOptions: try options(drawing.schedulerSet),
            shortcuts: drawing.shortcuts)
        if terms.detach { return try submit(GenerateRequest(request, terms)) }
        let terminal = output.terminal
        let narrator = try place.narrator(terms) { terminal.say($0) }
        try output.show(prompt, on: terminal) { try narrator.tell(request, $0) }
    }

    private func submit(_ request: GenerateRequest) throws {
        let job = try asking { try place.daemon.connect().submit(request) }
        if output.json {
            write(Stories.json(JobReport(job)) + "\n", to: 1)
        } else {
            write(job.job + "\n", to: 1)
            output.terminal.say("watch it: voken jobs watch \(job.job)")
        }
    }
}

/// How a daemon is to treat a story.
struct JobOptions: ParsableArguments {
    enum Disconnect: String, ExpressibleByArgument, CaseIterable {
        case cancel, detach
    }

    @Flag(help: "Queue the story, print its job's id, and leave: voken jobs watch shows it.")
    var detach = false

    @Option(help: "-10 to 10; of your own stories, those of a higher priority begin first.")
    var priority = 0

    @Option(
        help: """
            What becomes of the story if this command ends before it (default: as the pipeline says).
            """)
    var onDisconnect: Disconnect?

    var isDefault: Bool { !detach && priority == 0 && onDisconnect == nil }

    func validate() throws {
        guard (-10...10).contains(priority) else {
            throw ValidationError("--priority is from -10 to 10")
        }
        guard !detach || onDisconnect != .cancel else {
            throw ValidationError("--detach leaves the story: it cannot end with this command")
        }
    }
}

extension OnDisconnect {
    init(_ choice: JobOptions.Disconnect?) {
        self =
            switch choice {
            case .cancel: .cancel
            case .detach: .detach
            case nil: .byDefault
            }
    }
}

import ArgumentParser
import Pipelines
import Stories

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

    @Option(help: "Steps of the scheduler for each picture.")
    var steps: Int?

    @Option(help: "Seed of text and pictures; random if not given.")
    var seed: UInt64?

    @Option(help: "Scale of classifier-free guidance; 1 is none.")
    var guidance: Double?

    @Option(help: "A scheduler that the pipeline names, or any in the plugin folders.")
    var scheduler: String?

    @Option(
        help: ArgumentHelp(
            "An option of the scheduler for this story alone; repeatable.", valueName: "key=value"))
    var schedulerSet: [String] = []

    @Option(help: "Folder for pictures and story.html (default: story, story-2, …).")
    var out: String?

    @Flag(help: "Replace a story that is already in the folder.")
    var force = false

    @Flag(help: "Print events as JSON lines.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print the story and file names only.")
    var quiet = false

    @OptionGroup var place: Place

    func run() throws {
        let request = StoryRequest(
            prompt: prompt, scenes: scenes,
            images: try image.map { try readFile($0, limit: 32 << 20) }, steps: steps, seed: seed,
            guidance: guidance, scheduler: scheduler,
            schedulerOptions: try options(schedulerSet))
        let terminal = StoryTerminal(quiet: quiet || json)
        let narrator = try place.narrator { terminal.say($0) }
        let folder = try storyFolder()
        defer { folder.close() }

        var lines = StoryLines()
        var failure: RequestError?
        try narrator.tell(request) { event in
            let file = try folder.record(event)
            if json {
                write(lines.line(event, file: file) + "\n", to: 1)
            } else {
                terminal.show(event, file: file)
            }
            if case .failed(let error) = event { failure = error }
        }
        if let failure { throw Failure(failure) }
        if !json { terminal.say("page \(folder.pagePath)") }
    }

    private func storyFolder() throws -> StoryFolder {
        do {
            return try StoryFolder(
                path: out ?? StoryFolder.unusedPath("story"), prompt: prompt, overwrite: force)
        } catch {
            throw Failure.failed(error.message)
        }
    }
}

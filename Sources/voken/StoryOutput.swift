import ArgumentParser
import Pipelines
import Stories

/// Where a story goes: to the terminal and a folder.
struct StoryOutput: ParsableArguments {
    @Option(help: "Folder for pictures and story.html (default: story, story-2, …).")
    var out: String?

    @Flag(help: "Replace a story that is already in the folder.")
    var force = false

    @Flag(help: "Print events as JSON lines.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print the story and file names only.")
    var quiet = false

    var terminal: StoryTerminal { StoryTerminal(quiet: quiet || json) }

    /// Shows a story while it is told.
    ///
    /// - Parameters:
    ///   - title: of the page.
    ///   - tell: gives each event to what it gets.
    /// - Throws: a ``Failure`` if the story failed.
    func show(
        _ title: String, on terminal: StoryTerminal,
        _ tell: ((StoryEvent) throws -> Void) throws -> Void
    ) throws {
        let folder = try folder(title)
        defer { folder.close() }
        var lines = StoryLines()
        var failure: RequestError?
        try tell { event in
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

    private func folder(_ title: String) throws -> StoryFolder {
        do {
            return try StoryFolder(
                path: out ?? StoryFolder.unusedPath("story"), prompt: title, overwrite: force)
        } catch {
            throw Failure.failed(error.message)
        }
    }
}

import ArgumentParser
import Pipelines
import Stories

/// `voken check`: is a pipeline file sound?
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a pipeline file: its keys, plugins, models and how they fit.",
        discussion: "Loads every stage as a daemon would, serves nothing, and exits with 0 or 7.")

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        do {
            let file = try PipelineFile(pipeline)
            let generation = try Pipeline.load(file, host: try Pipeline.host(for: file))
            if json {
                write(
                    Stories.json(Report(file: pipeline, name: file.name, error: nil)) + "\n", to: 1)
            } else {
                write("\(pipeline): sound, \(generation.stages.count) stages\n", to: 1)
            }
        } catch {
            if json {
                write(
                    Stories.json(Report(file: pipeline, name: nil, error: "\(error)")) + "\n", to: 1
                )
            }
            throw Failure.pipeline("\(error)")
        }
    }

    private struct Report: Encodable {
        let file: String
        let name: String?
        let error: String?
    }
}

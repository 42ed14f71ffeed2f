import ArgumentParser
import Pipelines
import Stories

/// `voken check`: is a pipeline file sound, and how much memory does it take?
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a pipeline file: its keys, plugins, models, memory and how all fit.",
        discussion: """
            Says how much memory the pipeline takes before any weights are read, then loads every \
            stage as a daemon would, serves nothing, and exits with 0 or 7.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Say how much memory it takes, and load nothing.")
    var budgetOnly = false

    func run() throws {
        var budget: MemoryBudget?
        do {
            let file = try PipelineFile(pipeline)
            let host = try Pipeline.host(for: file)
            let needed = try MemoryBudget(file, host: host)
            budget = needed
            if !json { write(budgetText(needed), to: 1) }
            let stages =
                budgetOnly ? nil : try Pipeline.load(file, host: host, budget: needed).stages.count
            if json {
                write(report(file.name, nil, budget), to: 1)
            } else if let stages {
                write("\(pipeline): sound, \(stages) stages\n", to: 1)
            }
        } catch {
            if json { write(report(nil, "\(error)", budget), to: 1) }
            throw Failure.pipeline("\(error)")
        }
    }

    private func report(_ name: String?, _ error: String?, _ budget: MemoryBudget?) -> String {
        Stories.json(
            Report(file: pipeline, name: name, error: error, memory: budget.map(BudgetReport.init)))
            + "\n"
    }

    private struct Report: Encodable {
        let file: String
        let name: String?
        let error: String?
        let memory: BudgetReport?
    }
}

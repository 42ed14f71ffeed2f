import ArgumentParser
import Pipelines
import Stories
import VokenClient
import Wire

/// `voken stages`: what serves, and from which files.
struct Stages: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the stages that the daemon serves with.")

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let reply = try asking { try daemon.connect().stages() }
        if json {
            write(
                Stories.json(
                    Report(
                        pipeline: reply.pipeline, generation: reply.generation,
                        stages: reply.stages.map(StageReport.init))) + "\n", to: 1)
            return
        }
        write("pipeline \(reply.pipeline), generation \(reply.generation)\n", to: 1)
        write(stageTable(reply.stages), to: 1)
    }

    private struct Report: Encodable {
        let pipeline: String
        let generation: Int
        let stages: [StageReport]
    }
}

/// Turns what a client throws into how the command ends.
func asking<Reply>(_ ask: () throws -> Reply) throws -> Reply {
    do {
        return try ask()
    } catch let error as ClientError {
        throw Failure(error)
    }
}

/// A stage for programs.
struct StageReport: Encodable {
    let kind, name, plugin, version, weights_sha256, file_sha256: String

    init(_ stage: StageInfo) {
        kind = stage.kind
        name = stage.name
        plugin = stage.plugin
        version = stage.version
        weights_sha256 = stage.weightsSHA256
        file_sha256 = stage.fileSHA256
    }
}

/// Stages for people: columns, hashes shortened.
func stageTable(_ stages: [StageInfo]) -> String {
    let rows =
        [["STAGE", "IMPLEMENTATION", "VERSION", "WEIGHTS", "PLUGIN"]]
        + stages.map { stage in
            let file = stage.plugin.split(separator: "/").last.map(String.init) ?? stage.plugin
            let weights = stage.weightsSHA256.isEmpty ? "–" : String(stage.weightsSHA256.prefix(12))
            return [
                stage.kind, stage.name, stage.version, weights,
                "\(file) (\(stage.fileSHA256.prefix(12)))",
            ]
        }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        var line = ""
        for (column, cell) in row.enumerated() {
            let isLast = column == row.count - 1
            let padding = isLast ? 0 : widths[column] - cell.count + 2
            line += cell + String(repeating: " ", count: padding)
        }
        return line + "\n"
    }.joined()
}

import ArgumentParser
import Pipelines
import Stages
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

/// A stage for programs.
struct StageReport: Encodable {
    let kind, name, plugin, version, weights_sha256, file_sha256, options: String
    let generation, weights_mapped, weights_private, caches, activations_peak: Int

    init(_ stage: StageInfo) {
        kind = stage.kind
        name = stage.name
        plugin = stage.plugin
        version = stage.version
        weights_sha256 = stage.weightsSHA256
        file_sha256 = stage.fileSHA256
        options = stage.options
        generation = stage.generation
        weights_mapped = stage.memory.weightsMapped
        weights_private = stage.memory.weightsPrivate
        caches = stage.memory.caches
        activations_peak = stage.memory.activationsPeak
    }
}

/// Stages for people: columns, hashes shortened.
func stageTable(_ stages: [StageInfo]) -> String {
    table(
        [["STAGE", "IMPLEMENTATION", "VERSION", "GEN", "MAPPED", "PRIVATE", "PEAK", "PLUGIN"]]
            + stages.map { stage in
                let name =
                    stage.kind == StageKind.scheduler.rawValue ? canonical(stage) : stage.name
                let file = stage.plugin.split(separator: "/").last.map(String.init) ?? stage.plugin
                let memory = stage.memory
                return [
                    stage.kind, name, stage.version, String(stage.generation),
                    byteText(memory.weightsMapped), byteText(memory.weightsPrivate + memory.caches),
                    byteText(memory.activationsPeak), "\(file) (\(stage.fileSHA256.prefix(12)))",
                ]
            })
}

/// A scheduler's name with what its options say: `dpmpp_2m+karras`.
private func canonical(_ stage: StageInfo) -> String {
    let options = try? parseOptions(stage.options)
    return SchedulerName.canonical(stage: stage.name, options: options ?? [:])
}

/// Rows as columns of equal width.
func table(_ rows: [[String]]) -> String {
    let columns = rows.first?.count ?? 0
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        var line = ""
        for (column, cell) in row.enumerated() {
            let isLast = column == row.count - 1
            let padding = isLast ? 0 : widths[column] - cell.count + 2
            line += cell + String(repeating: " ", count: padding)
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }.joined()
}

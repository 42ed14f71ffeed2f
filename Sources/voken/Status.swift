import ArgumentParser
import Stories
import VokenClient
import Wire

/// `voken status`: how the daemon does.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how the daemon does: generations, who holds them, and memory.")

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let (status, isServing) = try asking {
            let client = try daemon.connect()
            return (try client.status(), try client.isServing())
        }
        if json {
            write(Stories.json(StatusReport(status, isServing: isServing)) + "\n", to: 1)
            return
        }
        write(text(status, isServing: isServing), to: 1)
    }

    private func text(_ status: StatusReply, isServing: Bool) -> String {
        let others = status.residentBytes - status.ledgerBytes
        var text = """
            vokend \(status.version)  pid \(status.pid)  up \(seconds(status.uptimeMilliseconds))
            \(isServing ? "serving" : "shutting down")  pipeline \(status.pipeline)  \
            generation \(status.generation)
            jobs \(status.running) running, \(status.queued) waiting, \
            \(status.finished) finished, \(status.failed) failed, \(status.cancelled) cancelled
            memory \(byteText(status.residentBytes)) resident  ledger \(byteText(status.ledgerBytes))  \
            other \(others < 0 ? "– (not all weights have been read)" : byteText(others))
            plugin images \(status.images) mapped, \(byteText(status.imageBytes))  \
            connections \(status.connections)

            """
        for generation in status.generations { text += line(generation) }
        if let failure = status.lastFailure {
            let stage = failure.stage.isEmpty ? "" : failure.stage + ": "
            text += """
                last swap failed in \(failure.phase) (\(failure.code)): \(stage)\(failure.message)

                """
        }
        return text + stageTable(status.stages)
    }

    private func line(_ generation: GenerationInfo) -> String {
        var line = "generation \(generation.number)  \(generation.state.rawValue)  "
        line += "\(byteText(generation.ownBytes)) of its own\n"
        for holder in generation.holders { line += "  \(holder.job)  \(holder.position)\n" }
        return line
    }
}

/// The status for programs.
private struct StatusReport: Encodable {
    struct Generation: Encodable {
        let number: Int
        let state: String
        let own_bytes: Int
        let holders: [HolderReport]
        let stages: [StageReport]

        init(_ generation: GenerationInfo) {
            number = generation.number
            state = generation.state.rawValue
            own_bytes = generation.ownBytes
            holders = generation.holders.map(HolderReport.init)
            stages = generation.stages.map(StageReport.init)
        }
    }

    struct Failed: Encodable {
        let phase, code, stage, message: String

        init(_ failed: SwapEvent.Failed) {
            phase = failed.phase
            code = failed.code
            stage = failed.stage
            message = failed.message
        }
    }

    let pid: Int
    let version: String
    let serving: Bool
    let uptime_ms: Int
    let pipeline: String
    let generation, running, queued, finished, failed, cancelled, connections: Int
    let resident_bytes, ledger_bytes, images, image_bytes: Int
    let last_swap_failure: Failed?
    let generations: [Generation]
    let stages: [StageReport]

    init(_ status: StatusReply, isServing: Bool) {
        pid = status.pid
        version = status.version
        serving = isServing
        uptime_ms = status.uptimeMilliseconds
        pipeline = status.pipeline
        generation = status.generation
        running = status.running
        queued = status.queued
        finished = status.finished
        failed = status.failed
        cancelled = status.cancelled
        connections = status.connections
        resident_bytes = status.residentBytes
        ledger_bytes = status.ledgerBytes
        images = status.images
        image_bytes = status.imageBytes
        last_swap_failure = status.lastFailure.map(Failed.init)
        generations = status.generations.map(Generation.init)
        stages = status.stages.map(StageReport.init)
    }
}

import ArgumentParser
import Stories
import VokenClient
import Wire

/// `voken status`: how the daemon does.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show how the daemon does.")

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let (status, isServing) = try asking {
            let client = try daemon.connect()
            return (try client.status(), try client.isServing())
        }
        if json {
            write(Stories.json(Report(status, isServing: isServing)) + "\n", to: 1)
            return
        }
        let mebibytes = status.residentBytes >> 20
        write(
            """
            vokend \(status.version)  pid \(status.pid)  up \(seconds(status.uptimeMilliseconds))
            \(isServing ? "serving" : "shutting down")  pipeline \(status.pipeline)  \
            generation \(status.generation)
            jobs \(status.running) running, \(status.queued) waiting, \
            \(status.finished) finished, \(status.failed) failed
            memory \(mebibytes) MiB  connections \(status.connections)

            """, to: 1)
        write(stageTable(status.stages), to: 1)
    }

    private struct Report: Encodable {
        let pid: Int
        let version: String
        let serving: Bool
        let uptime_ms: Int
        let pipeline: String
        let generation, running, queued, finished, failed, resident_bytes, connections: Int
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
            resident_bytes = status.residentBytes
            connections = status.connections
            stages = status.stages.map(StageReport.init)
        }
    }
}

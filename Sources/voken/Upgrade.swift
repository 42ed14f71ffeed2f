import ArgumentParser
import Pipelines
import Stories
import VokenClient
import Wire

/// `voken upgrade`: another process in the daemon's place, without a refused connection.
struct Upgrade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Hand the daemon's socket to a new process: after an update, or to drop old code.",
        discussion: """
            The new process starts with the arguments of the old one, loads all that serves, and \
            takes over when it is ready; then the old one serves the connections that it has, and \
            ends. If the new one does not come up, the old one goes on.
            """)

    @Option(help: "The program to start (default: the daemon's own, as it is on disk now).")
    var binary: String?

    @Flag(help: "Print events as JSON lines.")
    var json = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        do {
            let request = UpgradeRequest(program: binary.map(FilePath.absolute) ?? "")
            let events = try daemon.connect().upgrade(request)
            while let event = try events.next() {
                if json { write(Stories.json(UpgradeLine(event)) + "\n", to: 1) }
                switch event.kind {
                case .phase(let phase) where !json:
                    write(phase.line + "\n", to: 1)
                case .upgraded(let upgraded) where !json:
                    write("process \(upgraded.pid) serves, version \(upgraded.version)\n", to: 1)
                case .failed(let failed):
                    throw Failure.failed(
                        "\(failed.code) in \(failed.phase): \(failed.message)\n"
                            + "the old process keeps serving")
                case .phase, .upgraded, .unknown: break
                }
            }
        } catch let error as ClientError {
            throw Failure(error)
        }
    }
}

/// An event for programs.
private struct UpgradeLine: Encodable {
    let seq: UInt64
    let type: String
    var phase, detail: String?
    var us: Int?
    var pid: Int?
    var version: String?
    var code, message: String?

    init(_ event: UpgradeEvent) {
        seq = event.seq
        switch event.kind {
        case .phase(let done):
            type = "phase"
            phase = done.name
            detail = done.detail
            us = done.microseconds
        case .upgraded(let upgraded):
            type = "upgraded"
            pid = upgraded.pid
            version = upgraded.version
        case .failed(let failed):
            type = "failed"
            phase = failed.phase
            code = failed.code
            message = failed.message
        case .unknown: type = "unknown"
        }
    }
}

import ArgumentParser
import Glibc
import Stories
import VokenClient
import Wire

/// `voken drain`: no more jobs.
struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let the daemon take no more jobs, and end when those that it has are over.")

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let jobs = try asking { try daemon.connect().drain() }
        write("the daemon ends when \(jobText(jobs)) \(jobs == 1 ? "is" : "are") over\n", to: 1)
    }
}

/// `voken stop`: drained or cancelled, and gone.
struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop the daemon: when its jobs are over, or at once.",
        discussion: "Returns when the daemon's process has ended.")

    @Flag(help: "Cancel the jobs that run and wait.")
    var now = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let client = try asking { try daemon.connect() }
        let process = try asking { DaemonProcess(pid: try client.status().pid) }
        let jobs = try asking { now ? try client.stop() : try client.drain() }
        if jobs > 0 {
            write(now ? "\(jobText(jobs)) cancelled\n" : "waiting for \(jobText(jobs))\n", to: 2)
        }
        process.waitUntilEnded()
        write("the daemon has stopped\n", to: 1)
    }
}

private func jobText(_ count: Int) -> String { "\(count) job\(count == 1 ? "" : "s")" }

/// The process that serves, as seen by this one.
private struct DaemonProcess {
    private let pid: Int
    private static let pauseMicroseconds: UInt32 = 20_000

    init(pid: Int) { self.pid = pid }

    /// The socket goes, and connections are closed, before jobs are over: the process' end alone
    /// says that they are.
    func waitUntilEnded() {
        while isThere { usleep(DaemonProcess.pauseMicroseconds) }
    }

    /// A process that has ended is there until its parent has taken note (proc(5), `stat`).
    private var isThere: Bool {
        let descriptor = unsafe open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        // Behind the program's name, which may hold anything.
        let rest = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
            .split(separator: ")").last
        let state = rest?.first { $0 != " " }
        return state != nil && state != "Z" && state != "X"
    }
}

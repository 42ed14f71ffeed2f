import BenchmarkSupport
import Foundation
import Glibc
import VokenClient
import Wire

/// What a user does to a plugin's file after a swap to it.
func overwriteSection(_ bench: Workbench) throws {
    let report = bench.report
    let path = try bench.makeFolder("overwrite") + "/libMine.so"
    let plugin = try contents(of: bench.plugin("SchedulerPNDM"))
    try replace(path, with: plugin, mode: 0o755)
    let daemon = try DaemonProcess(bench, PipelineText(bench))
    try daemon.start()
    var client = try daemon.connect()
    try client.require(
        SwapRequest(
            kind: "scheduler", plugin: path,
            options: #"{"skip_prk_steps": true, "timestep_spacing": "leading"}"#))
    let generation = try client.status().generation
    let references = References()
    try references.record(shortStories, from: client)

    let deeds: [(name: String, code: String, deed: () throws -> Void)] = [
        (
            "overwritten in place with another plugin", "",
            {
                try overwrite(path, with: try contents(of: bench.plugin("SchedulerDDIM")))
            }
        ),
        (
            "overwritten in place with noise", "not_elf",
            {
                try overwrite(
                    path, with: (0..<plugin.count).map { UInt8(truncatingIfNeeded: $0 * 37) })
            }
        ),
        (
            "cut to half", "truncated",
            {
                try overwrite(path, with: plugin)
                unsafe truncate(path, off_t(plugin.count / 2))
            }
        ),
        ("cut to nothing", "not_elf", { unsafe truncate(path, 0) }),
        ("removed", "not_found", { unsafe unlink(path) }),
    ]
    for (name, code, deed) in deeds {
        let load = Load(4, of: daemon, shortStories, references)
        usleep(200_000)
        try deed()
        usleep(bench.isQuick ? 300_000 : 2_000_000)
        let outcome = load.finish()
        let wrong = outcome.failed + outcome.altered
        report.expect(
            "\(name), under 4 clients", asked: "the daemon and its stories as before",
            seen: faulty("\(outcome.stories) stories, \(wrong.count) wrong", wrong)
                + (daemon.isRunning ? "" : "; the daemon is gone"),
            holds: daemon.isRunning && outcome.stories > 0 && wrong.isEmpty)
        guard !code.isEmpty else { continue }
        let swap = client.perform(SwapRequest(kind: "scheduler", plugin: path))
        report.expect("a swap to the file, \(name)", code, seen: swap.failed?.code ?? "none")
        report.expect(
            "the generation that serves", generation, seen: try client.status().generation)
    }

    // The committed code is kept with the generation.
    daemon.kill()
    try daemon.start()
    client = try daemon.connect()
    report.expect(
        "the generation after kill -9, its file removed", generation,
        seen: try client.status().generation)
    let faults = shortStories.compactMap { references.fault(of: Telling($0, from: client)) }
    report.expect(
        "its stories", asked: "as before", seen: faulty("\(faults.count) wrong", faults),
        holds: faults.isEmpty)
    report.expect("exit code after SIGTERM", 0, seen: daemon.stop())
}

/// Writes into the file that is there, as `cp` does.
private func overwrite(_ path: String, with bytes: [UInt8]) throws {
    let descriptor = unsafe open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("cannot write \(path)") }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try file.write(contentsOf: Data(bytes))
}

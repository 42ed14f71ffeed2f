import BenchmarkSupport
import Foundation
import Glibc
import VokenClient
import Wire

/// Thousands of scheduler swaps under eight clients, and what an image of code costs.
func schedulerSection(_ bench: Workbench) throws {
    let daemon = try DaemonProcess(bench, PipelineText(bench))
    try daemon.start()
    let client = try daemon.connect()
    let references = References()
    for variant in variants {
        try client.require(variant)
        try references.record(shortStories, from: client)
    }
    bench.report.figure(
        "reference stories", "\(references.count), of \(variants.count) schedulers and options")

    let quiet = Load(8, of: daemon, shortStories, references)
    sleep(bench.isQuick ? 1 : 10)
    let undisturbed = quiet.finish()
    try swapUnderLoad(bench, daemon, client, references, undisturbed)
    try measureImages(bench, client)
    bench.report.expect("exit code after SIGTERM", 0, seen: daemon.stop())
}

/// Each leads to the next, and the last to the first.
private let variants = [
    SwapRequest(kind: "scheduler", plugin: "ddim", fresh: true),
    SwapRequest(kind: "scheduler", options: #"{"eta": 0.5}"#),
    SwapRequest(
        kind: "scheduler", plugin: "pndm",
        options: #"{"skip_prk_steps": true, "timestep_spacing": "leading"}"#, fresh: true),
    SwapRequest(kind: "scheduler", plugin: "ddim", options: #"{"timestep_spacing": "linspace"}"#),
    SwapRequest(
        kind: "scheduler", plugin: "pndm",
        options: #"{"timestep_spacing": "leading", "steps_offset": 0}"#),
]

private func swapUnderLoad(
    _ bench: Workbench, _ daemon: DaemonProcess, _ client: Client, _ references: References,
    _ undisturbed: Load.Outcome
) throws {
    let report = bench.report
    let count = bench.count(10_000, quick: 300)
    let before = try client.settledStatus()
    var failures: [String] = []
    var commits: [Double] = []
    var whole: [Double] = []
    var drains: [Double] = []
    var undrained = 0
    let load = Load(8, of: daemon, shortStories, references)
    for number in 0..<count {
        var request = variants[number % variants.count]
        // Some wait for the requests of the generation that they replace.
        let waits = number % 100 == 99
        if !waits { request.drain = .unawaited }
        let outcome = client.perform(request)
        if let failure = outcome.failure { failures.append(failure) }
        if let committed = outcome.committed {
            commits.append(Double(committed.microseconds))
        }
        whole.append(outcome.millisecondsToCommit)
        guard waits, let finished = outcome.finished else { continue }
        drains.append(Double(finished.drainMilliseconds))
        if !finished.drained { undrained += 1 }
    }
    let disturbed = load.finish()
    let after = try client.settledStatus()

    report.expect(
        "scheduler swaps under 8 clients", asked: "\(count) done",
        seen: faulty("\(count - failures.count) done, \(failures.count) failed", failures),
        holds: failures.isEmpty)
    report.expectUndisturbed(disturbed)
    report.expect(
        "schedulers that the stories were told with", asked: "several",
        seen: "\(disturbed.schedulers.count) of \(variants.count)",
        holds: disturbed.schedulers.count > 1)
    let commit = Distribution(commits)
    report.expect(
        "commit", asked: "p99 under 5 ms", seen: commit.text("µs"),
        holds: commit.quantile(0.99) < 5000)
    report.expect(
        "swaps that waited for their requests", asked: "all drained",
        seen: "\(drains.count - undrained) of \(drains.count)", holds: undrained == 0)
    report.expect("images mapped by these swaps", 0, seen: after.images - before.images)
    report.figure("a swap until its commit", Distribution(whole).text("ms"))
    report.figure("drain", Distribution(drains).text("ms"))
    report.figure("a story without swaps", Distribution(undisturbed.milliseconds).text("ms"))
    report.figure("a story during swaps", Distribution(disturbed.milliseconds).text("ms"))
    report.figure(
        "resident memory",
        "\(kibibytes(before.residentBytes)) before, \(kibibytes(after.residentBytes)) after")
}

/// What code costs that is mapped once, and what it costs to serve with it again.
private func measureImages(_ bench: Workbench, _ client: Client) throws {
    let report = bench.report
    let folder = try bench.makeFolder("images")
    let plugin = try contents(of: bench.plugin("SchedulerDDIM"))
    /// Bytes after the last section do nothing, but another sum is another image.
    func copy(_ number: Int) throws -> SwapRequest {
        let path = "\(folder)/libSchedulerDDIM\(number).so"
        try replace(path, with: plugin + Array("\(number)".utf8), mode: 0o755)
        return SwapRequest(kind: "scheduler", plugin: path, fresh: true)
    }
    let (warm, count) = (5, bench.count(200, quick: 20))
    let requests = try (0..<warm + count).map(copy)
    for request in requests.prefix(warm) { try client.require(request) }
    let before = try client.settledStatus()
    for request in requests.dropFirst(warm) { try client.require(request) }
    let after = try client.settledStatus()
    report.expect("distinct images mapped", count, seen: after.images - before.images)
    let growth = Double(after.residentBytes - before.residentBytes) / Double(count)
    report.expect(
        "resident memory of a distinct image", asked: "under 40 KiB",
        seen: "\(kibibytes(growth)); its file has \(kibibytes(plugin.count))",
        holds: growth < 40 * 1024)

    let pair = requests.suffix(2)
    for _ in 0..<25 { for request in pair { try client.require(request) } }
    let images = try client.settledStatus().images
    var resident: [Double] = []
    for _ in 0..<bench.count(250, quick: 50) {
        for request in pair {
            resident.append(Double(try client.require(request).finished?.residentBytes ?? 0))
        }
    }
    let trend = slope(resident)
    report.expect(
        "images mapped by serving with them again", images, seen: try client.status().images)
    report.expect(
        "resident memory of a repeated image", asked: "a trend under 1 KiB a swap",
        seen: "\(kibibytes(trend)) a swap over \(resident.count) swaps, from "
            + "\(kibibytes(resident.first ?? 0)) to \(kibibytes(resident.last ?? 0))",
        holds: trend < 1024)
}

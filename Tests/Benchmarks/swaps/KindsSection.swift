import BenchmarkSupport
import Foundation
import VokenClient
import Wire

/// Each other kind of stage, under four clients, between two folders with the same weights.
func kindsSection(_ bench: Workbench) throws {
    let models = [
        ("image_encoder", "image_encoder"), ("language_model", "language_model"),
        ("feature_mapper", "mapper"), ("unet", "unet"), ("vae", "vae"),
        ("text_encoder", "text_encoder"),
    ]
    let daemon = try DaemonProcess(bench, PipelineText(bench))
    try daemon.start()
    let client = try daemon.connect()
    let references = References()
    try references.record(shortStories, from: client)
    // As a whole: models refer to the tokenizer beside them.
    let copies = try bench.makeFolder("models") + "/pocket"
    try FileManager.default.copyItem(atPath: bench.root + "/etc/models/pocket", toPath: copies)
    for (kind, model) in models {
        let folders = ["\(copies)/\(model)", bench.model(model)]
        try swapUnderLoad(bench, daemon, client, kind, folders, references)
    }
    bench.report.expect("exit code after SIGTERM", 0, seen: daemon.stop())
}

/// Memory is measured twice: at the start, after a few swaps under the same load, and at the end.
/// Each time the load has been stopped, no job runs or waits, no generation is left but the one
/// that serves and the one that is kept, and a third of a second has passed.
private func swapUnderLoad(
    _ bench: Workbench, _ daemon: DaemonProcess, _ client: Client, _ kind: String,
    _ folders: [String], _ references: References
) throws {
    let report = bench.report
    let count = bench.count(300, quick: 10)
    func swap(_ count: Int) -> (outcome: Load.Outcome, milliseconds: [Double], failures: [String]) {
        var milliseconds: [Double] = []
        var failures: [String] = []
        let load = Load(4, of: daemon, shortStories, references)
        for number in 0..<count {
            let outcome = client.perform(
                SwapRequest(kind: kind, weights: folders[number % 2], drain: .unawaited))
            milliseconds.append(outcome.millisecondsToCommit)
            if let failure = outcome.failure { failures.append(failure) }
        }
        // All of the load's memory has been touched once.
        usleep(bench.isQuick ? 1_500_000 : 3_000_000)
        return (load.finish(), milliseconds, failures)
    }
    let warmUp = 10
    _ = swap(warmUp)
    let before = try client.settledStatus()
    let swaps = swap(count)
    let after = try client.settledStatus()

    report.expect(
        "\(kind) swaps under 4 clients", asked: "\(count) done",
        seen: faulty("\(count - swaps.failures.count) done", swaps.failures),
        holds: swaps.failures.isEmpty)
    report.expectUndisturbed(swaps.outcome)
    let growth = Double(after.residentBytes) / Double(before.residentBytes) - 1
    report.expect(
        "resident memory, load stopped and drained",
        asked: "that after the first \(warmUp), within 5 %",
        seen: "\(kibibytes(before.residentBytes)), then \(kibibytes(after.residentBytes)) "
            + "(\(growth < 0 ? "" : "+")\(number(growth * 100)) %)",
        holds: growth < 0.05)
    report.figure(
        "bytes on the ledger",
        "\(kibibytes(before.ledgerBytes)), then \(kibibytes(after.ledgerBytes))")
    report.figure("a swap until its commit", Distribution(swaps.milliseconds).text("ms"))
}

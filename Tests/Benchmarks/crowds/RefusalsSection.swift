import BenchmarkSupport
import Foundation
import VokenClient
import Wire

/// Far more jobs than the queue takes: each is refused with its reason, and costs nothing.
@Sendable func refusalsSection(_ bench: Workbench) throws {
    try refuse(bench, "queue_full", "[limits]\nqueue = 100\njobs_per_user = 100000", cap: 100)
    try refuse(bench, "client_limit", "[limits]\nqueue = 100000\njobs_per_user = 50", cap: 50)
}

private func refuse(_ bench: Workbench, _ reason: String, _ limits: String, cap: Int) throws {
    let report = bench.report
    // One step of a story that takes minutes keeps the engine busy.
    let daemon = try DaemonProcess(
        bench, pipeline: echoPipeline(limits, steps: 2))
    try daemon.start()
    let watcher = try daemon.connect()
    let busy = GenerateRequest(prompt: "A fox.", scenes: 16, steps: 250, seed: 1).bytes
    let filler = try RawClient(daemon.socket)
    var (stream, accepted): (UInt32, [String]) = (1, [])
    /// Submits one job, and returns the reason if it was refused.
    func submit(_ client: RawClient) throws -> Status? {
        client.call(.submit, busy, stream: stream)
        stream += 2
        guard let frame = client.frame() else { throw Failure("no answer") }
        let response = try ResponseEnvelope(frame.payload)
        if response.status == nil { accepted.append(try JobInfo(response.payload).job) }
        return response.status
    }
    while try submit(filler) == nil {}
    let filled = accepted.count
    let before = try watcher.status()
    let keptBefore = try watcher.stats().keptBytes
    report.expect(
        "\(reason): jobs taken before the first refusal", asked: "\(cap) and those that run",
        seen: "\(filled)", holds: (cap...cap + 64).contains(filled))
    let count = bench.count(10_000, quick: 1000)
    var (refused, hints, seconds) = (0, 0, 0.0)
    let start = ContinuousClock.now
    for _ in 0..<count {
        guard let status = try submit(filler) else { continue }
        if status.code == .resourceExhausted, status.reason == reason { refused += 1 }
        if let retry = status.retryAfter, retry > .zero { hints += 1 }
    }
    seconds = (ContinuousClock.now - start) / .seconds(1)
    let after = try watcher.status()
    let late = accepted.count - filled
    let kept = try watcher.stats().keptBytes - keptBefore
    report.expect(
        "\(reason): of \(count) more, refused with that reason",
        asked: "all but what found room as jobs ended", seen: "\(refused), \(late) taken",
        holds: refused + late == count && refused > count * 9 / 10)
    report.expect("\(reason): refusals that say when to try again", refused, seen: hints)
    report.expect(
        "\(reason): resident memory afterwards",
        asked: "within 8 MiB of that at the cap, besides the events of jobs",
        seen: "\(kibibytes(before.residentBytes)) to \(kibibytes(after.residentBytes)), "
            + "\(kibibytes(kept)) of jobs that have ended, \(after.running) run",
        holds: after.residentBytes - before.residentBytes - kept < 8 << 20)
    report.figure("\(reason): a refusal takes", "\(number(seconds / Double(count) * 1e6)) µs")
}

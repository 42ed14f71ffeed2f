import BenchmarkSupport
import Checkpoints
import Foundation
import Glibc
import VokenClient
import Wire

/// Swaps that must be refused: what serves goes on, and the code says what is wrong.
func badSection(_ bench: Workbench) throws {
    let report = bench.report
    var hosts: [BadCase.Host: BadHost] = [:]
    var pipeline = PipelineText(bench)
    pipeline.swap["probe_timeout_ms"] = "1000"
    hosts[.plain] = try BadHost(bench, pipeline)

    let list = try bench.makeFolder("list") + "/allowed"
    let sums = try [
        "EvaQFormer", "Llama", "VokenMapper", "StableDiffusionUNet", "AutoencoderKL",
        "ClipText", "SchedulerDDIM", "SchedulerPNDM",
    ].map {
        SHA256.hash(try contents(of: bench.plugin($0))) + "  lib\($0).so\n"
    }
    try replace(list, with: Array(sums.joined().utf8))
    pipeline.swap["allow_sha256"] = quoted(list)
    hosts[.allowing] = try BadHost(bench, pipeline)
    if geteuid() == 0 {
        do {
            hosts[.stranger] = try BadHost(bench, PipelineText(bench), user: 65534)
        } catch {
            report.skip("a daemon of another user", "\(error)")
        }
    }

    var swaps = 0
    for badCase in try BadCases(bench).all {
        guard let host = hosts[badCase.host] else {
            report.skip(badCase.name, "there is no daemon to ask")
            continue
        }
        let repeats = bench.isQuick ? 1 : badCase.isSlow || badCase.ways == 3 ? 6 : 13
        let count = badCase.ways == 20 ? bench.count(100, quick: 20) : max(repeats, badCase.ways)
        swaps += count
        try host.expectRefused(badCase, count, report)
    }
    report.figure("bad swaps", "\(swaps)")
    for (_, host) in hosts {
        report.expect("exit code after SIGTERM", 0, seen: host.daemon.stop())
    }
}

/// A daemon that is asked for bad swaps.
private final class BadHost {
    let daemon: DaemonProcess
    private let client: Client
    private let references = References()
    private let generation: Int
    private var asked = 0

    init(_ bench: Workbench, _ pipeline: PipelineText, user: uid_t? = nil) throws {
        daemon = try DaemonProcess(bench, pipeline, user: user)
        try daemon.start()
        client = try daemon.connect()
        try references.record(Array(shortStories.prefix(1)), from: client)
        generation = try client.status().generation
    }

    func expectRefused(_ badCase: BadCase, _ count: Int, _ report: Report) throws {
        var codes: [String: Int] = [:]
        var message = ""
        var faults: [String] = []
        for number in 0..<count {
            let request = try badCase.prepare(number)
            let outcome = client.perform(request) { badCase.observe(number, $0) }
            let code = outcome.failed?.code ?? "none"
            codes[code, default: 0] += 1
            if code != badCase.code, message.isEmpty { message = outcome.failure ?? "it serves" }
            let status = try client.status()
            if status.generation != generation {
                faults.append("generation \(status.generation) serves")
            }
            if status.lastFailure?.code != code {
                faults.append("the status says \(status.lastFailure?.code ?? "none")")
            }
            asked += 1
            if asked % 10 == 0 { tell(&faults) }
        }
        tell(&faults)
        let seen = codes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        report.expect(
            badCase.name,
            asked:
                "\(count) \(badCase.code), in the status too; generation \(generation) serves as before",
            seen: (seen + [listing(faults, limit: 2), message].filter { !$0.isEmpty })
                .joined(separator: ", "),
            holds: codes == [badCase.code: count] && faults.isEmpty)
    }

    private func tell(_ faults: inout [String]) {
        if let fault = references.fault(of: Telling(shortStories[0], from: client)) {
            faults.append("a story: \(fault)")
        }
    }
}

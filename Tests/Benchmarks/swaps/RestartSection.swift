import BenchmarkSupport
import Checkpoints
import Foundation
import Glibc
import VokenClient
import Wire

/// `kill -9` in the middle of swaps: after each there is one whole generation to start with.
func restartSection(_ bench: Workbench) throws {
    let report = bench.report
    let site = try RestartSite(bench)
    let count = bench.count(100, quick: 10)
    var outcomes: [String: (old: Int, new: Int)] = [:]
    var faults: [String] = []
    var seconds: [Double] = []
    for number in 0..<count {
        let crash = try site.crash(number)
        let start = ContinuousClock.now
        do {
            try site.daemon.start()
        } catch {
            faults.append("after \(crash.name): \(error)")
            break
        }
        seconds.append((ContinuousClock.now - start) / .seconds(1))
        let (isNew, fault) = try site.look(after: crash)
        outcomes[crash.name, default: (0, 0)].old += isNew ? 0 : 1
        outcomes[crash.name, default: (0, 0)].new += isNew ? 1 : 0
        if let fault { faults.append("after \(crash.name): \(fault)") }
    }
    for (name, seen) in outcomes.sorted(by: { $0.key < $1.key }) {
        report.figure(
            "killed after \(name)", "\(seen.old) times the old one serves, \(seen.new) the new")
    }
    report.expect(
        "kill -9 during swaps",
        asked: "\(count) starts with the old or the new generation, the "
            + "new one once it was written down, stories as before",
        seen: faulty("\(seconds.count) starts, \(faults.count) wrong", faults),
        holds: seconds.count == count && faults.isEmpty)
    report.figure("a start", Distribution(seconds.map { $0 * 1000 }).text("ms"))
    report.figure("files left in the state folder", listing(site.daemon.stateFiles, limit: 8))
    report.expect("exit code after SIGTERM", 0, seen: site.daemon.stop())
}

/// A daemon that is killed, and the four states that it may be in: two builds of the scheduler,
/// two files of the UNet's weights.
private final class RestartSite {
    struct Crash {
        var name = ""
        /// What served, and what was to.
        let old, new: [String]
        let generation: Int
        var isWritten = false
    }

    /// With its SHA-256.
    private typealias File = (path: String, sum: String)

    let daemon: DaemonProcess
    private let plugins: [File]
    private let weights: [File]
    private let references = References()
    private static let steps = [
        "change", "file", "copy", "probe", "load", "construct", "self_test", "contract", "persist",
        "committed", "finished",
    ]

    init(_ bench: Workbench) throws {
        let folder = try bench.makeFolder("restart")
        let plugin = try contents(of: bench.plugin("SchedulerDDIM"))
        plugins = try (0..<2).map { number in
            let bytes = plugin + [UInt8(number)]
            let path = "\(folder)/libScheduler\(number).so"
            try replace(path, with: bytes, mode: 0o755)
            return (path, SHA256.hash(bytes))
        }
        let own = bench.model("unet") + "/diffusion_pytorch_model.safetensors"
        let other = folder + "/unet.safetensors"
        try replace(other, with: try disturbedWeights(contents(of: own)))
        weights = try [own, other].map { ($0, SHA256.hash(try contents(of: $0))) }
        daemon = try DaemonProcess(bench, PipelineText(bench))
        try daemon.start()
        let client = try daemon.connect()
        for plugin in plugins {
            try client.require(SwapRequest(kind: "scheduler", plugin: plugin.path))
            for file in weights {
                try client.require(SwapRequest(kind: "unet", weights: file.path))
                try references.record([shortStories[0]], from: client)
            }
        }
    }

    /// Begins a swap and kills the daemon: after an event of the swap, or at any moment.
    func crash(_ number: Int) throws -> Crash {
        let client = try daemon.connect()
        let old = try state(client)
        let (request, new) = next(after: old, isScheduler: number % 2 == 0)
        var crash = Crash(old: old, new: new, generation: try client.status().generation)
        let outcome: SwapOutcome
        if number % 3 == 2 {
            crash.name = "a random time"
            let pause = useconds_t.random(in: 0..<(request.kind == "unet" ? 250_000 : 80_000))
            let killer = Thread { [process = daemon.identifier] in
                usleep(pause)
                kill(process, SIGKILL)
            }
            killer.start()
            outcome = client.perform(request)
            while !killer.isFinished { usleep(1000) }
        } else {
            let fatal = Self.steps[number % Self.steps.count]
            outcome = client.perform(request) { [daemon] event in
                if event.name == fatal { daemon.kill() }
            }
            // Code that is mapped already is neither read nor copied again.
            crash.name = outcome.steps.contains(fatal) ? fatal : "finished"
        }
        crash.isWritten = outcome.steps.contains("persist")
        daemon.kill()
        return crash
    }

    /// - Returns: whether the new generation serves; and what is wrong.
    func look(after crash: Crash) throws -> (isNew: Bool, fault: String?) {
        let client = try daemon.connect()
        let now = try state(client)
        let number = try client.status().generation
        let isNew = now == crash.new
        if now != crash.old && !isNew { return (isNew, "neither the old nor the new one serves") }
        if crash.isWritten && !isNew { return (isNew, "what was written down does not serve") }
        if number != crash.generation + (isNew ? 1 : 0) {
            return (isNew, "generation \(number) serves, after \(crash.generation)")
        }
        return (isNew, references.fault(of: Telling(shortStories[0], from: client)))
    }

    /// The code of the scheduler and the weights of the UNet.
    private func state(_ client: Client) throws -> [String] {
        let stages = try client.stages().stages
        return [
            stages.first { $0.kind == "scheduler" }?.fileSHA256 ?? "",
            stages.first { $0.kind == "unet" }?.weightsSHA256 ?? "",
        ]
    }

    /// A swap to the other file of one of the two, and what serves after it.
    private func next(
        after state: [String], isScheduler: Bool
    ) -> (request: SwapRequest, state: [String]) {
        if isScheduler {
            let other = plugins[plugins[0].sum == state[0] ? 1 : 0]
            return (SwapRequest(kind: "scheduler", plugin: other.path), [other.sum, state[1]])
        }
        let other = weights[weights[0].sum == state[1] ? 1 : 0]
        return (SwapRequest(kind: "unet", weights: other.path), [state[0], other.sum])
    }
}

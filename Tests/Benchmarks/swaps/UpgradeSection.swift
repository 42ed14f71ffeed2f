import BenchmarkSupport
import Foundation
import Glibc
import Synchronization
import VokenClient
import Wire

/// The daemon replaced by another process again and again, while clients tell stories over
/// connections that they keep and others connect anew all the time.
func upgradeSection(_ bench: Workbench) throws {
    let report = bench.report
    let daemon = try DaemonProcess(bench, PipelineText(bench))
    try daemon.start()
    let references = References()
    let client = try daemon.connect()
    let pndm = SwapRequest(
        kind: "scheduler", plugin: "pndm", options: #"{"skip_prk_steps": true}"#)
    let swap = SwapOutcome { () throws(ClientError) in try client.swap(pndm) }
    if let failure = swap.failure { throw Failure("the swap before: \(failure)") }
    try references.record(shortStories, from: client)
    let before = try client.status()

    let load = Load(8, of: daemon, shortStories, references)
    let callers = Callers(daemon.socket)
    var milliseconds: [Double] = []
    var faults: [String] = []
    var serving = before.pid
    let count = bench.count(20, quick: 3)
    for _ in 0..<count {
        let start = ContinuousClock.now
        let end = try upgrade(daemon)
        milliseconds.append((ContinuousClock.now - start) / .milliseconds(1))
        let status = try daemon.connect().status()
        if case .upgraded(let upgraded) = end {
            if upgraded.pid != status.pid || status.pid == serving {
                faults.append("process \(status.pid) answers, \(upgraded.pid) was announced")
            }
        } else {
            faults.append("\(end)")
        }
        if status.generation != before.generation || status.stages.count != before.stages.count {
            faults.append("generation \(status.generation) serves")
        }
        serving = status.pid
        usleep(300_000)
    }
    let (calls, refused) = callers.finish()
    let outcome = load.finish()
    report.expect(
        "\(count) upgrades under 8 clients", asked: "each serves the same in another process",
        seen: faulty("\(count - faults.count)", faults), holds: faults.isEmpty)
    report.expectUndisturbed(outcome)
    report.expect(
        "callers who connect anew", asked: "some, 0 refused",
        seen: faulty("\(calls), \(refused.count) refused", refused),
        holds: calls > 0 && refused.isEmpty)
    report.figure("time of an upgrade", Distribution(milliseconds).text("ms"))
    kill(pid_t(serving), SIGTERM)
}

private func upgrade(_ daemon: DaemonProcess) throws -> UpgradeEvent.Kind {
    let events = try daemon.connect().upgrade(UpgradeRequest())
    var last = UpgradeEvent.Kind.unknown
    do throws(ClientError) {
        while let event = try events.next() { last = event.kind }
    } catch {
        throw Failure("upgrade: \(error)")
    }
    return last
}

/// Connects, asks, goes, and connects again.
private final class Callers: Sendable {
    private let isStopping = Atomic<Bool>(false)
    private let outcome = Mutex((calls: 0, refused: [String]()))
    private let ended = DispatchGroup()

    init(_ socket: String) {
        ended.enter()
        let thread = Thread { [self] in
            while !isStopping.load(ordering: .relaxed) {
                call(socket)
                usleep(2000)
            }
            ended.leave()
        }
        thread.start()
    }

    func finish() -> (calls: Int, refused: [String]) {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
        return outcome.withLock { $0 }
    }

    private func call(_ socket: String) {
        do throws(ClientError) {
            _ = try Client.connect(path: socket).version()
            outcome.withLock { $0.calls += 1 }
        } catch {
            outcome.withLock { $0.refused.append("\(error.code): \(error)") }
        }
    }
}

import BenchmarkSupport
import Foundation
import Glibc
import VokenClient
import Wire

/// Clients that are killed in the middle of what they do: nothing of them must stay.
@Sendable func killedSection(_ bench: Workbench) throws {
    let report = bench.report
    let daemon = try DaemonProcess(bench, pipeline: echoPipeline(steps: 40))
    try daemon.start()
    let watcher = try daemon.connect()
    // What the first uses allocate for good is not counted as theirs.
    try kill(64, daemon.socket)
    _ = try settled(watcher, connections: 1)
    let before = try Counts(watcher)
    let count = bench.count(10_000, quick: 500)
    let start = ContinuousClock.now
    try kill(count, daemon.socket)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    _ = try settled(watcher, connections: 1)
    let after = try Counts(watcher)
    report.figure("clients killed", "\(count) in \(number(seconds)) s")
    report.expect(
        "connections, jobs waiting and running, descriptors, sessions afterwards",
        before.leaks, seen: after.leaks)
    report.expect(
        "jobs that ended", asked: "most clients had one, cancelled or finished",
        seen: "\(after.cancelled - before.cancelled) cancelled, "
            + "\(after.finished - before.finished) finished",
        holds: after.cancelled + after.finished - before.cancelled - before.finished > count / 4)
    let kept = after.kept - before.kept
    report.expect(
        "resident memory", asked: "grown by less than 8 MiB besides what the session keeps",
        seen: "\(kibibytes(before.resident)) to \(kibibytes(after.resident)), "
            + "\(kibibytes(kept)) kept",
        holds: after.resident - before.resident - kept < 8 << 20)
    let telling = try watcher.generate(GenerateRequest(prompt: "A fox.", scenes: 1, steps: 1))
    var isWhole = false
    while let event = try telling.next() {
        if case .finished = event.kind { isWhole = true }
    }
    report.expect("a story afterwards", true, seen: isWhole)
    report.expect("the daemon's exit", 0, seen: Int(daemon.stop()))
}

private struct Counts {
    let leaks: [Int]
    let resident: Int
    /// Of sessions, and of jobs that can be watched.
    let kept: Int
    let cancelled: Int
    let finished: Int

    init(_ client: Client) throws {
        let (status, stats) = (try client.status(), try client.stats())
        leaks = [
            status.connections, status.queued, status.running, stats.openDescriptors,
            stats.sessions,
        ]
        resident = status.residentBytes
        kept = stats.sessionBytes + stats.keptBytes
        cancelled = status.cancelled
        finished = status.finished
    }
}

/// Starts clients, some at a time, and kills each at a moment of its own.
private func kill(_ count: Int, _ socket: String) throws {
    let slots = DispatchSemaphore(value: 16)
    let reaper = DispatchQueue(label: "reaper", attributes: .concurrent)
    let ended = DispatchGroup()
    var generator = SystemRandomNumberGenerator()
    for number in 0..<count {
        slots.wait()
        let child = try spawn([
            CommandLine.arguments[0], "victim", socket, number.isMultiple(of: 3) ? "turn" : "story",
        ])
        let moment = DispatchTimeInterval.microseconds(
            Int(UInt32.random(in: 2000...150_000, using: &generator)))
        ended.enter()
        reaper.asyncAfter(deadline: .now() + moment) {
            Glibc.kill(child, SIGKILL)
            var status: Int32 = 0
            unsafe waitpid(child, &status, 0)
            slots.signal()
            ended.leave()
        }
    }
    ended.wait()
}

private func spawn(_ words: [String]) throws -> pid_t {
    var child: pid_t = 0
    var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    let status = unsafe posix_spawn(&child, "/proc/self/exe", nil, nil, &arguments, environ)
    guard status == 0 else { throw Failure("cannot start a client: errno \(status)") }
    return child
}

/// Asks for one story after the other, until it is killed.
func runVictim(_ socket: String, _ kind: String) -> Never {
    let request = GenerateRequest(prompt: "A fox.", scenes: 4, steps: 40)
    guard let client = try? RawClient(socket) else { exit(1) }
    var stream: UInt32 = 1
    while true {
        if kind == "turn" {
            client.call(
                .createSession, CreateSessionRequest(name: "shared").bytes, stream: stream)
            _ = client.frame()
            var turn = request
            turn.scenes = nil
            client.call(
                .sendTurn, SendRequest(session: "shared", turn: turn).bytes, stream: stream + 2)
        } else {
            client.call(.generate, request.bytes, stream: stream + 2)
        }
        while let frame = client.frame(), frame.kind != .response,
            !frame.flags.contains(.remoteClosed)
        {}
        stream += 4
    }
}

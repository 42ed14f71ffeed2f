import BenchmarkSupport
import Foundation
import VokenClient
import Wire

/// Bad clients, one after the other beside a good one, who must not notice; and each is cut off.
@Sendable func hostileSection(_ bench: Workbench) throws {
    let report = bench.report
    let daemon = try DaemonProcess(bench, pipeline: echoPipeline())
    try daemon.start()
    let client = try daemon.connect()
    let calls = bench.count(20_000, quick: 2000)
    _ = try latencies(client, calls: calls)
    let before = try settled(client, connections: 1)
    for attack in attacks {
        let alone = try latencies(client, calls: calls)
        let attacker = Attacker(attack, daemon.socket)
        let beside = try latencies(client, calls: calls)
        report.expect(
            "\(attack.name): the good client's p99", asked: "within 2x of the same without",
            seen: "\(number(beside.quantile(0.99))) µs, \(number(alone.quantile(0.99))) without",
            holds: beside.quantile(0.99) <= 2 * alone.quantile(0.99))
        let (first, connections) = attacker.finish()
        report.expect(
            "\(attack.name): cut off", asked: "within \(attack.limit) s",
            seen: first.map { "after \(number($0)) s; \(connections) connections" } ?? "not at all",
            holds: (first ?? .infinity) < Double(attack.limit) + 1)
    }
    let after = try settled(client, connections: 1)
    report.expect("connections afterwards", 1, seen: after.connections)
    report.expect(
        "resident memory", asked: "grown by less than 16 MiB",
        seen: "\(kibibytes(before.residentBytes)) to \(kibibytes(after.residentBytes))",
        holds: after.residentBytes - before.residentBytes < 16 << 20)
    let counts = try client.stats().cutOff.map { "\($0.count) \($0.reason)" }
    report.figure("cut off, as the daemon counts", counts.joined(separator: ", "))
    report.expect("the daemon's exit", 0, seen: Int(daemon.stop()))
}

/// The round trips of a client that does nothing wrong, in microseconds.
private func latencies(_ client: Client, calls: Int) throws -> Distribution {
    var values: [Double] = []
    values.reserveCapacity(calls)
    for _ in 0..<calls {
        let start = ContinuousClock.now
        guard try client.isServing() else { throw Failure("the daemon does not serve") }
        values.append((ContinuousClock.now - start) / .microseconds(1))
        usleep(100)
    }
    return Distribution(values)
}

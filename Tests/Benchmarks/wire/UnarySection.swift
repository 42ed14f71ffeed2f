import BenchmarkSupport
import Foundation
import VokenClient

/// One call after the other, of Health/Check: the daemon and the client library against Go's.
func unarySection(_ bench: Workbench) throws {
    let daemon = try DaemonProcess(bench, pipeline: try echoPipeline(bench))
    try daemon.start()
    let go = try GoProgram(bench)
    let goServer = try ServerProcess(bench, go.path)
    let sockets = [("daemon", daemon.socket), ("Go", goServer.path)]

    let count = bench.count(20_000, quick: 5_000)
    var half = Rounds()
    var late = Rounds()
    for _ in 0..<bench.count(9, quick: 5) {
        for (name, socket) in sockets {
            let own = try roundTrips(socket, count)
            half.add("Swift to \(name)", own.quantile(0.5))
            late.add("Swift to \(name)", own.quantile(0.99))
            let foreign = try go.measure(socket, "unary", count)
            half.add("Go to \(name)", foreign[0])
            late.add("Go to \(name)", foreign[1])
        }
    }
    for name in half.values.keys.sorted() {
        bench.report.figure(
            name, "p50 \(microseconds(half.median(name))), p99 \(microseconds(late.median(name)))")
    }
    let ratio = half.ratio("Swift to daemon", of: "Go to Go")
    bench.report.expect(
        "half of the round trips", asked: "at most 1.5 of Go's", seen: number(ratio),
        holds: ratio <= 1.5)
    _ = daemon.stop()
}

/// In nanoseconds.
private func roundTrips(_ socket: String, _ count: Int) throws -> Distribution {
    let client = try Client.connect(path: socket)
    for _ in 0..<(count / 10) { _ = try client.isServing() }
    var times: [Double] = []
    times.reserveCapacity(count)
    for _ in 0..<count {
        let began = ContinuousClock.now
        _ = try client.isServing()
        times.append((ContinuousClock.now - began) / .nanoseconds(1))
    }
    return Distribution(times)
}

/// 64 calls at a time over one connection.
func parallelSection(_ bench: Workbench) throws {
    let daemon = try DaemonProcess(bench, pipeline: try echoPipeline(bench))
    try daemon.start()
    let go = try GoProgram(bench)
    let goServer = try ServerProcess(bench, go.path)
    let sockets = [("daemon", daemon.socket), ("Go", goServer.path)]

    let width = 64
    let count = bench.count(1_000, quick: 200) * width
    var rounds = Rounds()
    for _ in 0..<bench.count(7, quick: 3) {
        for (name, socket) in sockets {
            rounds.add("Swift to \(name)", try callsPerSecond(socket, count, width))
            rounds.add("Go to \(name)", try go.measure(socket, "parallel", count, width)[0])
        }
    }
    for name in rounds.values.keys.sorted() {
        bench.report.figure(
            name, "\(number(rounds.median(name))) calls/s with \(width) in flight")
    }
    _ = daemon.stop()
}

private func callsPerSecond(_ socket: String, _ count: Int, _ width: Int) throws -> Double {
    let client = try Client.connect(path: socket)
    let failed = DispatchSemaphore(value: 0)
    let began = ContinuousClock.now
    let threads = DispatchGroup()
    for _ in 0..<width {
        threads.enter()
        Thread {
            for _ in 0..<(count / width) {
                if (try? client.isServing()) != true { failed.signal() }
            }
            threads.leave()
        }.start()
    }
    threads.wait()
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    guard failed.wait(timeout: .now()) == .timedOut else { throw Failure("a call failed") }
    return Double(count) / seconds
}

private func echoPipeline(_ bench: Workbench) throws -> String {
    try String(contentsOfFile: bench.root + "/etc/pipelines/echo.toml", encoding: .utf8)
}

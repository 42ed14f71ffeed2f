import BenchmarkSupport
import Foundation
import VokenClient
import Wire

/// Messages of 4 KiB, 64 KiB and 1 MiB from a server to a client that reads them as they come.
///
/// Ours are the events of a story, through the client library; Go's are chunks of bytes.
func streamSection(_ bench: Workbench) throws {
    let go = try GoProgram(bench)
    let goServer = try ServerProcess(bench, go.path)
    let server = try ServerProcess(bench)
    for (size, total) in [(4 << 10, 128 << 20), (64 << 10, 512 << 20), (1 << 20, 1 << 30)] {
        let count = bench.count(total, quick: total / 4) / size
        var rounds = Rounds()
        for _ in 0..<bench.count(7, quick: 3) {
            rounds.add("Swift to Swift", try bytesPerSecond(server.path, count, size))
            rounds.add("Go to Go", try go.measure(goServer.path, "stream", count, size)[0])
            rounds.add("Go to Swift", try go.measure(server.path, "stream", count, size)[0])
        }
        for name in rounds.values.keys.sorted() {
            bench.report.figure(
                "\(name), messages of \(size >> 10) KiB", mebibytes(rounds.median(name)))
        }
        guard size == 64 << 10 else { continue }
        let ratio = rounds.ratio("Swift to Swift", of: "Go to Go")
        bench.report.expect(
            "streaming messages of 64 KiB", asked: "at least 1 of Go's", seen: number(ratio),
            holds: ratio >= 1)
    }
}

private func bytesPerSecond(_ socket: String, _ count: Int, _ size: Int) throws -> Double {
    let client = try Client.connect(path: socket)
    let began = ContinuousClock.now
    let story = try client.generate(GenerateRequest(prompt: "", scenes: count, steps: size))
    var bytes = 0
    while let event = try story.next() {
        if case .imageDone(let image) = event.kind { bytes += image.png.count }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    guard bytes == count * size else { throw Failure("\(bytes) bytes came") }
    return Double(bytes) / seconds
}

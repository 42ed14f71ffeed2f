import BenchmarkSupport
import Foundation
import VokenClient
import Wire

/// Messages of 4 KiB, 64 KiB and 1 MiB from a server to a client that reads them as they come.
///
/// Ours are the events of a story, through the client library; Go's are chunks of bytes. The client
/// library gives a stream up of which 64 MiB lie unread, so that ours are one after the other.
func streamSection(_ bench: Workbench) throws {
    let go = try GoProgram(bench)
    let goServer = try ServerProcess(bench, go.path)
    let server = try ServerProcess(bench)
    for size in [4 << 10, 64 << 10, 1 << 20] {
        let streams = bench.count(10, quick: 3)
        let count = streams * streamCount / size
        var rounds = Rounds()
        for _ in 0..<bench.count(7, quick: 3) {
            rounds.add("Swift to Swift", try bytesPerSecond(server.path, streams, size))
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

/// Of one stream of ours, in bytes.
private let streamCount = 48 << 20

private func bytesPerSecond(_ socket: String, _ streams: Int, _ size: Int) throws -> Double {
    let client = try Client.connect(path: socket)
    let request = GenerateRequest(prompt: "", scenes: streamCount / size, steps: size)
    var bytes = 0
    let began = ContinuousClock.now
    for _ in 0..<streams {
        let story = try client.generate(request)
        while let event = try story.next() {
            if case .imageDone(let image) = event.kind { bytes += image.png.count }
        }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    guard bytes == streams * streamCount else { throw Failure("\(bytes) bytes came") }
    return Double(bytes) / seconds
}

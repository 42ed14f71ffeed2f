import BenchmarkSupport
import Foundation
import VokenClient
import Wire

/// As many connections at once as a daemon takes, all of them used.
@Sendable func connectionsSection(_ bench: Workbench) throws {
    let report = bench.report
    let daemon = try DaemonProcess(bench, pipeline: echoPipeline())
    try daemon.start()
    let watcher = try daemon.connect()
    let before = try watcher.status()
    let count = 512 - before.connections
    var clients: [RawClient] = []
    for _ in 0..<count { clients.append(try RawClient(daemon.socket)) }
    var answered = 0
    for round in 0..<4 {
        for client in clients {
            client.call(.version, stream: UInt32(2 * round + 1))
        }
        for client in clients {
            if let frame = client.frame(), frame.kind == .response { answered += 1 }
        }
    }
    let during = try watcher.status()
    report.expect("connections at once", 512, seen: during.connections)
    report.expect("answers over them, four each", 4 * count, seen: answered)
    report.figure(
        "memory of a connection",
        kibibytes(Double(during.residentBytes - before.residentBytes) / Double(count)))

    // One story each, all at once, waiting in line.
    let request = GenerateRequest(prompt: "A fox.", scenes: 1, steps: 1, seed: 1).bytes
    for client in clients { client.call(.generate, request, stream: 9) }
    var (finished, refused) = (0, 0)
    for client in clients {
        reading: while let frame = client.frame() {
            if frame.kind == .response {
                refused += 1
                break reading
            }
            if frame.flags.contains(.remoteClosed) {
                finished += 1
                break reading
            }
        }
    }
    report.expect("stories over them, one each", count, seen: finished)
    report.expect("refused", 0, seen: refused)
    clients = []
    let after = try settled(watcher, connections: before.connections)
    report.expect("connections afterwards", before.connections, seen: after.connections)
    report.figure(
        "resident before, with all, after",
        [before, during, after].map {
            kibibytes($0.residentBytes)
        }.joined(separator: ", "))
    report.expect("the daemon's exit", 0, seen: Int(daemon.stop()))
}

/// Waits until the daemon has noticed that callers have gone.
func settled(_ client: Client, connections: Int) throws -> StatusReply {
    for _ in 0..<1000 {
        let status = try client.status()
        if status.connections == connections, status.running + status.queued == 0 {
            return status
        }
        usleep(10_000)
    }
    return try client.status()
}

/// Echo stages: a story costs next to nothing, so that the daemon itself is what is loaded.
func echoPipeline(_ tables: String = "", steps: Int = 2) -> String {
    let kinds = [
        "image_encoder", "language_model", "feature_mapper", "unet", "vae", "scheduler",
    ]
    return """
        format = 1
        name = "crowds"
        [defaults]
        scenes = 1
        steps = \(steps)
        seed = 1
        [language]
        max_new_tokens = 64
        \(tables.isEmpty ? "[limits]\nqueue = 1000\njobs_per_user = 2000" : tables)

        """ + kinds.map { "[stage.\($0)]\nplugin = \"echo\"\n" }.joined()
}

import Checkpoints
import Foundation
import PluginHost
import Stages
import Tensors

/// `stages [CHECKOUT [WORD]]`: what the stages of the pocket model take, from the release build of
/// a checkout (by default the one around this package). With a word, only what has it in its name.
@main
enum Main {
    static func main() throws {
        let here = FileManager.default.currentDirectoryPath
        let arguments = CommandLine.arguments.dropFirst()
        let checkout = arguments.first ?? here + "/../.."
        let word = arguments.dropFirst().first ?? ""
        let programs = checkout + "/.build/release"
        if word.isEmpty { try startUp(programs) }

        let pocket = try PocketStages(programs: programs, models: checkout + "/etc/models/pocket")
        row("loading all stages", pocket.loadSeconds * 1e3, "ms")
        for item in pocket.cases where word.isEmpty || item.name.contains(word) {
            row(item.name, median(item.run) * 1e3, "ms")
        }
        if word.isEmpty {
            let token = median(pocket.token)
            row("one token with logits", token * 1e3, "ms")
            row("decoding", 1 / token, "tokens/s")
            row("resident memory", Double(residentBytes()) / 1e6, "MB")
        }
        for batches in pocket.batches where word.isEmpty || batches.name.contains(word) {
            let run = try batches.prepare()
            let columns = Batches.sizes.map { size in
                String(format: "%8.3f", median { run(size) } * 1e3 / Double(size))
            }
            print(
                batches.name.padding(toLength: 33, withPad: " ", startingAt: 0)
                    + columns.joined() + " ms a sample, in batches of "
                    + Batches.sizes.map(String.init).joined(separator: ", "))
        }
    }

    /// The time from starting the program to the first token that it samples.
    private static func startUp(_ programs: String) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "voken-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var times: [Double] = []
        for run in 0..<5 {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(filePath: programs + "/voken")
            process.arguments = [
                "generate", "A fox.", "--local", "--json", "--scenes", "2", "--steps", "1",
                "--seed", "1", "--out", folder.path + "/\(run)",
            ]
            process.standardOutput = output
            let start = ContinuousClock.now
            try process.run()
            var text = ""
            while true {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { break }
                text += String(decoding: data, as: UTF8.self)
                // The first scene's text is the prompt; the second's is sampled.
                if text.split(separator: "\n").filter({ $0.contains("\"type\":\"text\"") }).count
                    > 1
                {
                    times.append((ContinuousClock.now - start) / .seconds(1))
                    break
                }
            }
            _ = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
        }
        guard !times.isEmpty else {
            print("no text came from \(programs)/voken: build it with swift build -c release")
            exit(1)
        }
        row(
            "start to first sampled text, a one-step image before it",
            times.sorted()[times.count / 2] * 1e3, "ms")
    }

    private static func row(_ name: String, _ value: Double, _ unit: String) {
        print(
            name.padding(toLength: 58, withPad: " ", startingAt: 0)
                + String(format: "%10.2f", value) + " " + unit)
    }
}

/// Seconds of the median call of as many as fit into half a second, at least nine.
private func median(_ body: () -> Void) -> Double {
    body()
    let clock = ContinuousClock()
    var times: [Double] = []
    let end = clock.now + .seconds(0.5)
    while clock.now < end || times.count < 9 { times.append(clock.measure(body) / .seconds(1)) }
    return times.sorted()[times.count / 2]
}

private func residentBytes() -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
        return 0
    }
    let pages = status.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4096
}

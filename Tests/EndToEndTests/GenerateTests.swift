import Foundation
import Testing

/// Small enough for a debug build; the seed makes bytes comparable.
private let story = [
    "generate", "Mia the rabbit found a blue ball in the park.", "--scenes", "2", "--steps", "2",
    "--seed", "7",
]

/// The pictures of a story's folder, by name.
private func pictures(_ folder: URL) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    var pictures: [String: Data] = [:]
    for name in names where name.hasSuffix(".png") {
        pictures[name] = try Data(contentsOf: folder.appending(path: name))
    }
    return pictures
}

@Suite struct GenerateTests {
    @Test func aStoryInThisProcess() throws {
        let folder = try temporaryFolder()
        let out = folder.appending(path: "story")
        let result = try Program.run("voken", story + ["--local", "--out", out.path])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("Mia the rabbit found a blue ball in the park."))
        #expect(result.output.contains(out.path + "/002.png"))

        let drawn = try pictures(out)
        #expect(drawn.keys.sorted() == ["001.png", "002.png"])
        for picture in drawn.values {
            #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
            #expect(picture.range(of: Data("seed".utf8)) != nil, "the recipe is in the file")
        }
        #expect(drawn["001.png"] != drawn["002.png"])
        let page = try String(contentsOf: out.appending(path: "story.html"), encoding: .utf8)
        #expect(page.contains("src=\"002.png\""))

        let again = try Program.run("voken", story + ["--local", "--out", out.path])
        #expect(again.status == 1)
        #expect(again.errors.contains("--force"))

        let shown = try Program.run(
            "voken",
            [
                "generate", "Tom the cat came home.", "--local", "--scenes", "1", "--steps", "1",
                "--seed", "1", "--image", out.appending(path: "001.png").path, "--json", "--out",
                folder.appending(path: "shown").path,
            ])
        #expect(shown.status == 0, "\(shown.errors)")
        let events = try shown.output.split(separator: "\n").map { line in
            try #require(
                JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(events.map { $0["seq"] as? Int } == Array(1...events.count))
        #expect(events.first?["type"] as? String == "accepted")
        #expect(events.last?["type"] as? String == "finished")
        #expect(events.filter { $0["type"] as? String == "image_done" }.count == 1)
    }

    @Test func theDaemonGivesTheBytesOfThisProcess() throws {
        let folder = try temporaryFolder()
        let local = folder.appending(path: "local")
        let alone = try Program.run("voken", story + ["--local", "--out", local.path])
        #expect(alone.status == 0, "\(alone.errors)")

        let daemon = try Daemon(in: folder)
        let clients = (0..<2).map { index in
            Program(
                "voken",
                story + [
                    "--socket", daemon.socket.path, "--out",
                    folder.appending(path: "client-\(index)").path,
                ])
        }
        for client in clients { try client.process.run() }
        for (index, client) in clients.enumerated() {
            let result = client.finish()
            #expect(result.status == 0, "\(result.errors)")
            let expected = alone.output.replacing(
                local.path, with: folder.path + "/client-\(index)")
            #expect(result.output == expected)
            #expect(
                try pictures(folder.appending(path: "client-\(index)")) == pictures(local))
        }

        let stages = try Program.run("voken", ["stages", "--socket", daemon.socket.path])
        #expect(stages.status == 0)
        for name in ["image_encoder", "language_model", "feature_mapper", "unet", "vae"] {
            #expect(stages.output.contains(name))
        }
        let refused = try Program.run(
            "voken",
            [
                "generate", "x", "--steps", "0", "--json", "--socket", daemon.socket.path, "--out",
                folder.path + "/refused",
            ])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("steps"))
        #expect(refused.output.contains("\"code\":\"invalid\""))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/refused"))

        let second = try Program.run("vokend", ["--socket", daemon.socket.path])
        #expect(second.status != 0)
        #expect(second.errors.contains(daemon.socket.path))

        let stopped = daemon.stop()
        #expect(stopped.status == 0, "\(stopped.errors)")
        #expect(!FileManager.default.fileExists(atPath: daemon.socket.path))
    }

    @Test func aStoryThatRunsEndsBeforeTheDaemonDoes() throws {
        let folder = try temporaryFolder()
        let daemon = try Daemon(in: folder)
        let client = Program(
            "voken", story + ["--socket", daemon.socket.path, "--out", folder.path + "/story"])
        try client.process.run()
        usleep(300_000)
        let stopped = daemon.stop()
        #expect(stopped.status == 0, "\(stopped.errors)")
        let result = client.finish()
        #expect(result.status == 0, "\(result.errors)")
    }
}

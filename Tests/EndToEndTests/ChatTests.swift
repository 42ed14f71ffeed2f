import Foundation
import Glibc
import Images
import Testing
import Wire

/// `voken chat`, fed by a pipe as a script would.
struct ChatTests {
    private let server: SessionServer

    init() throws { server = try SessionServer() }

    private func arguments(_ more: [String]) -> [String] {
        ["chat", "--socket", server.path, "--out", server.folder + "/out"] + more
    }

    /// A chat of these lines.
    private func chat(_ lines: [String], _ more: String...) throws -> Program.Result {
        let program = Program("voken", arguments(more), input: lines.map { $0 + "\n" }.joined())
        try program.process.run()
        return program.finish()
    }

    @Test func answersAndPicturesFollowWhatIsSaid() throws {
        let result = try chat(["Mia found a ball.", "", "//bye"], "--session", "mia")
        #expect(result.status == 0, "\(result.errors)")
        let out = server.folder + "/out"
        #expect(
            result.output == """
                <Mia found a ball.>
                  → \(out)/001-1.png
                Then it rained.
                  → \(out)/002-1.png
                </bye>
                  → \(out)/003-1.png

                """)
        #expect(result.errors.isEmpty, "no prompts and no remarks where nobody sits")
        #expect(
            try Image.decode(Array(Data(contentsOf: URL(filePath: out + "/002-1.png"))))
                == Image(width: 8, height: 8, red: 2, green: 0, blue: 0))
        #expect(server.requests.map(\.prompt) == ["Mia found a ball.", "", "/bye"])
        #expect(server.sessions["mia"]?.count == 3)
        // Gone on with.
        #expect(try chat(["More."], "--session", "mia").output.contains("/004-1.png"))
    }

    @Test func settingsAreSentWithTheirTurns() throws {
        let picture = server.folder + "/a b.png"
        try Data(Image(width: 4, height: 4, red: 9, green: 9, blue: 9).png())
            .write(to: URL(filePath: picture))
        let result = try chat([
            "/seed 7", "/image \(picture)", "/scheduler DDIM Trailing eta=0.5", "/steps 3", "one",
            "two",
            "/scheduler", "/steps", "three", "/quit", "never",
        ])
        #expect(result.status == 0, "\(result.errors)")
        let requests = server.requests
        #expect(requests.map(\.prompt) == ["one", "two", "three"])
        #expect(requests.map(\.seed) == [7, nil, nil])
        #expect(requests.map(\.images.count) == [1, 0, 0])
        #expect(requests.map(\.scheduler) == ["DDIM Trailing", "DDIM Trailing", nil])
        #expect(requests.map(\.schedulerOptions) == [#"{"eta":0.5}"#, #"{"eta":0.5}"#, ""])
        #expect(requests.map(\.steps) == [3, 3, nil])
    }

    @Test func optionsAreThoseOfANewSession() throws {
        let result = try chat(["/sessions"], "--session", "mia", "--seed", "5", "--steps", "2")
        #expect(result.status == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("NAME") == true && lines.last?.hasPrefix("mia") == true)
        _ = try chat(["one"], "--session", "mia")
        _ = try chat(["two"], "--session", "mia", "--seed", "6")
        #expect(server.requests.map(\.seed) == [nil, 6])
    }

    @Test func turnsAreUndoneAndSessionsForked() throws {
        let result = try chat(
            ["one", "two", "/fork tom", "three", "/undo", "/undo"], "--session", "mia")
        #expect(result.status == 0, "\(result.errors)")
        #expect(server.sessions["mia"]?.count == 2)
        #expect(server.sessions["tom"]?.count == 1)
        #expect(try chat(["/undo", "/undo", "/undo"], "--session", "mia").status == 1)
    }

    @Test func sessionIsSavedAndLoaded() throws {
        let file = server.folder + "/mia.session"
        #expect(try chat(["one", "two", "/save \(file)"], "--session", "mia").status == 0)
        let taken = try chat([], "--load", file)
        #expect(taken.status == 1 && taken.errors.contains("mia is there"))
        let loaded = try chat(["three"], "--load", file, "--session", "copy")
        #expect(loaded.status == 0, "\(loaded.errors)")
        #expect(server.sessions["copy"]?.count == 3)
        #expect(
            server.sessions["copy"]?.prefix(2) == server.sessions["mia"]?.prefix(2))

        // Every way to cut it off is noticed.
        let bytes = try Data(contentsOf: URL(filePath: file))
        let damaged = server.folder + "/damaged"
        for count in [0, 1, bytes.count / 2, bytes.count - 1] {
            try bytes.prefix(count).write(to: URL(filePath: damaged))
            let result = try chat([], "--load", damaged, "--session", "damaged")
            #expect(result.status == 1 && result.errors.contains("not a session"), "\(count)")
        }
        #expect(server.sessions["damaged"] == nil)
    }

    @Test func pageHoldsItsPictures() throws {
        let file = server.folder + "/pages/mia.html"
        let result = try chat(["a <b> & c", "/export \(file)"], "--session", "mia")
        #expect(result.status == 0, "\(result.errors)")
        let page = try String(contentsOf: URL(filePath: file), encoding: .utf8)
        #expect(page.contains("<title>mia</title>"))
        #expect(page.contains("<p>a &lt;b&gt; &amp; c</p>"))
        let picture = Image(width: 8, height: 8, red: 1, green: 0, blue: 0).png()
        #expect(page.contains("data:image/png;base64,\(Data(picture).base64EncodedString())"))
        #expect(page.firstRange(of: "src=\"data:") != nil && !page.contains("src=\"0"))
    }

    @Test func failedTurnEndsAScript() throws {
        let result = try chat(["one", "fail", "never"])
        #expect(result.status == 2 && result.errors.contains("nobody says that"))
        #expect(server.requests.map(\.prompt) == ["one", "fail"])
    }

    @Test(
        arguments: [
            ("/sedd 7", "did you mean /seed?"), ("/seed x", "\"x\" is not a number"),
            ("/seed", "usage: /seed N"), ("/xyzzyxyzzy", "/help"), ("/image /nowhere", "/nowhere"),
            ("/fork a b", "usage: /fork NAME"), ("/", "/help"),
        ])
    func wrongCommandsNameTheRemedy(line: String, remedy: String) throws {
        let result = try chat([line])
        #expect(result.status != 0 && result.errors.contains(remedy), "\(result.errors)")
        #expect(server.requests.isEmpty)
    }

    @Test func interruptStopsTheAnswerOnly() throws {
        let program = Program("voken", arguments(["--session", "mia"]), input: "hold\nmore\n")
        try program.process.run()
        try wait(for: "the turn") { server.isHolding }
        kill(program.process.processIdentifier, SIGINT)
        let result = program.finish()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("cancelled after image 1, step 9 of 25"))
        #expect(server.requests.map(\.prompt) == ["hold", "more"])
        #expect(server.sessions["mia"]?.count == 1)
    }

    @Test func interruptBetweenTurnsEndsTheChat() throws {
        let program = Program("voken", arguments([]), input: nil)  // a pipe that stays open
        try program.process.run()
        try wait(for: "the session") { !server.sessions.isEmpty }
        kill(program.process.processIdentifier, SIGINT)
        #expect(program.finish().status == 0)
    }

    @Test func answersAsJSONLines() throws {
        let result = try chat(["one", "two"], "--json")
        let lines = try result.output.split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(lines.map { $0["seq"] as? Int } == Array(1...lines.count))
        #expect(lines.filter { $0["type"] as? String == "finished" }.count == 2)
    }
}

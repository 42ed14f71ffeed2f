import Foundation
import Glibc
import Testing

/// What serves after a crash: the generation that was committed last.
@Suite struct RestoreTests {
    @Test func theCommittedGenerationServesAgain() throws {
        let served = try ServedPipeline()
        let first = try served.story()
        try served.mustSwap("swap", "scheduler", "pndm", "--set", "skip_prk_steps=true")
        try served.mustSwap("swap", "vae", "--set", "downsampling=4")
        let before = try served.story()
        let stages = try served.status().stages
        try served.restart()
        let status = try served.status()
        #expect(status.generation == 3 && status.generations.map(\.number) == [3])
        #expect(status.stages.map(\.options) == stages.map(\.options))
        let after = try served.story()
        #expect(after.pictures == before.pictures && after.text == before.text)
        // Numbers go on.
        #expect(try served.mustSwap("swap", "vae", "--fresh") == 4)
        #expect(try served.mustSwap("swap", "scheduler", "echo") == 5)
        #expect(try served.story().pictures == first.pictures)
        let log = served.daemon.stop().errors
        #expect(log.contains("generation=3"), "\(log)")
    }

    @Test func whatWasAppliedOrRolledBackServesAgain() throws {
        let served = try ServedPipeline()
        let other = try served.write(
            pipelineText("echo").replacing("A picture of it.", with: "Another one."),
            as: "other.toml")
        try served.mustSwap("apply", other)
        // The text is what was applied, not what lies there now.
        try FileManager.default.removeItem(atPath: other)
        try served.restart()
        #expect(try served.status().generation == 2)
        #expect(try served.story().text.contains("Another one."))

        try served.mustSwap("swap", "scheduler", "ddim")
        #expect(try served.mustSwap("rollback") == 2)
        try served.restart()
        #expect(try served.stage("scheduler").name == "echo")
        #expect(try served.story().text.contains("Another one."))
    }

    @Test func numbersAreNotGivenTwice() throws {
        let served = try ServedPipeline()
        try served.mustSwap("swap", "vae", "--set", "downsampling=4")
        #expect(try served.mustSwap("rollback") == 1)
        try served.restart()
        #expect(try served.status().generation == 1)
        #expect(try served.mustSwap("swap", "scheduler", "ddim") == 3)
    }

    /// Unchanged: also against the code that was committed.
    @Test func whatIsRestoredIsNotAppliedAgain() throws {
        let served = try ServedPipeline()
        let file = try served.copyPlugin("SchedulerPNDM", as: "mine.so")
        let other = try served.write(
            pipelineText("echo").replacing(
                "[stage.scheduler]\nplugin = \"echo\"",
                with: "[stage.scheduler]\nplugin = \"./mine.so\""),
            as: "other.toml")
        try served.mustSwap("apply", other)
        try served.restart()
        #expect(try served.stage("scheduler").name == "pndm")
        #expect(try served.swap("apply", other).last.committed == false)
        try served.copyPlugin("SchedulerDDIM", as: "mine.so")
        try served.mustSwap("apply", other)
        #expect(try served.stage("scheduler").name == "ddim")
        #expect(file.hasSuffix("/mine.so"))
    }

    /// The code that was committed, whatever has become of the file since.
    @Test func aPluginsFileMayBeGoneOrAnother() throws {
        let served = try ServedPipeline()
        let file = try served.copyPlugin("SchedulerPNDM", as: "mine.so")
        try served.mustSwap("swap", "scheduler", file, "--set", "skip_prk_steps=true")
        let before = try served.story(["--steps", "2"])
        let stage = try served.stage("scheduler")

        try FileManager.default.removeItem(atPath: file)
        try served.restart()
        #expect(try served.stage("scheduler") == stage, "the same, at the path that was named")
        #expect(try served.story(["--steps", "2"]).pictures == before.pictures)

        for damage in [try Data(contentsOf: plugin("SchedulerDDIM")), Data("not a plugin".utf8)] {
            try damage.write(to: URL(filePath: file))
            try served.restart()
            #expect(try served.stage("scheduler").name == "pndm")
            #expect(try served.story(["--steps", "2"]).pictures == before.pictures)
        }

        // Another stage's swap does not touch it; its own takes the file as it is now.
        try served.mustSwap("swap", "vae", "--set", "downsampling=4")
        try served.restart()
        #expect(try served.stage("scheduler").name == "pndm")
        #expect(try served.swap("swap", "scheduler").last.code == "not_elf")
        try served.copyPlugin("SchedulerDDIM", as: "mine.so")
        try served.mustSwap("swap", "scheduler")
        try served.restart()
        #expect(try served.stage("scheduler").name == "ddim")
    }

    private func plugin(_ name: String) -> URL {
        Program.folder.appending(path: "lib\(name).so")
    }

    @Test func anEditedPipelineFileServesInstead() throws {
        let served = try ServedPipeline()
        try served.mustSwap("swap", "scheduler", "ddim")
        try served.editPipeline { $0 = $0.replacing("A picture of it.", with: "Edited.") }
        try served.restart()
        #expect(try served.stage("scheduler").name == "echo")
        let story = try served.story()
        #expect(story.generation == 1 && story.text.contains("Edited."))
        // What is committed from now on belongs to the file as it is now.
        try served.mustSwap("swap", "scheduler", "pndm")
        let log = try served.restart()
        #expect(log.contains("is not restored"), "\(log)")
        #expect(log.contains("\(served.pipeline.path) has changed since generation 2"), "\(log)")
        #expect(try served.stage("scheduler").name == "pndm")
    }

    @Test func aDamagedStateIsSaidAndTheFileServes() throws {
        let served = try ServedPipeline()
        try served.mustSwap("swap", "scheduler", Program.folder.path + "/libSchedulerDDIM.so")
        let file = try #require(try served.committed())
        let whole = try Data(contentsOf: file)
        let text = String(decoding: whole, as: UTF8.self)
        let code = file.deletingLastPathComponent().appending(path: "code")
        let copy = try code.appending(
            path: #require(FileManager.default.contentsOfDirectory(atPath: code.path).first))
        let codeBytes = try Data(contentsOf: copy)

        let damages: [(String, Data)] = [
            ("generation.toml", whole.prefix(whole.count / 2)),
            ("generation.toml", Data()),
            ("generation.toml", Data([0xFF, 0x00, 0x7F])),
            ("of another format", Data(text.replacing("format = 1\n", with: "format = 2\n").utf8)),
            ("generation", Data(text.replacing("generation = 2\n", with: "").utf8)),
            (
                "no_such_option",
                Data(
                    text.replacing("options = {}", with: "options = { no_such_option = 1 }").utf8)
            ),
        ]
        for (word, damage) in damages {
            #expect(damage != whole)
            try damage.write(to: file)
            try expectFileServes(served, word)
        }
        // The code: another's, not code, or none.
        try whole.write(to: file)
        for damage in [try Data(contentsOf: plugin("SchedulerPNDM")), Data("x".utf8), nil] {
            try FileManager.default.removeItem(at: copy)
            if let damage { try damage.write(to: copy) }
            try expectFileServes(served, copy.path)
            if damage == nil { try Data().write(to: copy) }
        }
        // Nothing was lost by all that.
        try codeBytes.write(to: copy)
        try served.restart()
        #expect(try served.stage("scheduler").name == "ddim")
    }

    /// A plugin that has come to crash: the daemon does not go down with it, start after start.
    @Test func aStageThatCrashesAtTheStartIsLeftOut() throws {
        let served = try ServedPipeline()
        let fuse = served.folder.path + "/fuse"
        try served.mustSwap(
            "swap", "scheduler", TestPlugin.path(), "--set", "act=fuse", "--set", "gate=\(fuse)")
        let before = try served.story()
        try Data().write(to: URL(filePath: fuse))
        try expectFileServes(served, "trapped as told")
        try FileManager.default.removeItem(atPath: fuse)
        try served.restart()
        #expect(try served.story().pictures == before.pictures)
    }

    /// - Parameter word: of the reason in the log.
    private func expectFileServes(
        _ served: ServedPipeline, _ word: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try served.restart()
        #expect(
            try served.stage("scheduler").name == "echo", "\(word)", sourceLocation: sourceLocation)
        let log = served.daemon.stop().errors
        // What a crashed probe has said takes several lines.
        let warning = log.firstMatch(of: #/(?s)warning vokend: reason=(.*?) is not restored/#)
        #expect(
            warning?.1.contains(word) == true, "\(word): \(log)", sourceLocation: sourceLocation)
        try served.start()
    }

    @Test func freshServesTheFile() throws {
        let served = try ServedPipeline()
        try served.mustSwap("swap", "scheduler", "ddim")
        try served.restart(["--fresh"])
        #expect(try served.stage("scheduler").name == "echo")
        #expect(try served.mustSwap("swap", "scheduler", "pndm") == 2)
        try served.restart()
        #expect(try served.stage("scheduler").name == "pndm")
    }

    /// One pipeline, one home, two sockets.
    @Test func daemonsDoNotShareTheirState() throws {
        let served = try ServedPipeline()
        let folder = served.folder.appending(path: "second")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let home = ["XDG_STATE_HOME": served.folder.path + "/state"]
        func second() throws -> Daemon {
            try Daemon(in: folder, ["--pipeline", served.pipeline.path], environment: home)
        }
        let daemon = try second()
        try served.mustSwap("swap", "scheduler", "ddim")
        daemon.kill()
        let again = try second()
        defer { again.kill() }
        let status = try Program.run(
            "voken", ["status", "--json", "--socket", again.socket.path])
        #expect(try DaemonStatus(json: status.output).generation == 1, "\(status)")
        try served.restart()
        #expect(try served.status().generation == 2)
    }

    /// Killed while a plugin's constructor runs, which is before anything is committed.
    @Test func aDaemonThatIsKilledDuringASwapStartsAgain() throws {
        let served = try ServedPipeline()
        for generation in 1...2 {
            let before = try served.story()
            let gate = served.folder.path + "/gate-\(generation)"
            let swap = Program(
                "voken",
                ["swap", "scheduler", try TestPlugin.path(), "--set", "act=wait", "--set"]
                    + ["gate=\(gate)"] + served.socket)
            try swap.process.run()
            try wait(for: "the constructor") { FileManager.default.fileExists(atPath: gate) }
            let log = try served.restart()
            #expect(log.contains("swap asked for") && !log.contains("swap failed"), "\(log)")
            #expect(swap.finish().status == 1, "its daemon has gone")
            #expect(try served.status().generation == generation)
            #expect(try served.story().pictures == before.pictures)
            if generation == 1 { try served.mustSwap("swap", "scheduler", "ddim") }
        }
    }
}

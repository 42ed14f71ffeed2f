import Foundation
import Testing

/// Swaps that must fail, each for a reason of its own, and leave all as it was.
@Suite struct BadSwapTests {
    private struct Case {
        let arguments: [String]
        let code: String
        let phase: String
        /// Something that the message must mention.
        let word: String

        init(_ arguments: [String], _ code: String, in phase: String, _ word: String) {
            self.arguments = arguments
            self.code = code
            self.phase = phase
            self.word = word
        }
    }

    /// What is wrong with the file.
    private func files(_ served: ServedPipeline) throws -> [Case] {
        let text = try served.write("not a plugin", as: "text.so")
        let cut = served.folder.appending(path: "cut.so")
        let echo = Program.folder.appending(path: "libEcho.so")
        try Data(contentsOf: echo).dropLast(5000).write(to: cut)
        let shared = try served.copyPlugin("SchedulerDDIM", as: "shared.so")
        try FileManager.default.setAttributes([.posixPermissions: 0o775], ofItemAtPath: shared)
        let library = Program.folder.path + "/libVokenKit.so"
        let missing = served.folder.path + "/missing.so"
        return [
            Case(["scheduler", text], "not_elf", in: "file", "text.so"),
            Case(["scheduler", cut.path], "truncated", in: "file", "cut.so"),
            Case(["scheduler", shared], "writable_by_others", in: "file", "chmod go-w"),
            Case(["scheduler", served.folder.path + "/run"], "not_a_file", in: "file", "regular"),
            Case(["scheduler", missing], "not_found", in: "file", "missing.so"),
            Case(["scheduler", library], "no_entry_point", in: "file", "voken_plugin"),
            Case(["scheduler", "heunn"], "not_found", in: "file", "there are ddim, "),
        ]
    }

    /// What is wrong with its code.
    private func stages() throws -> [Case] {
        let plugin = try TestPlugin.path()
        func act(_ act: String, _ code: String, _ word: String) -> Case {
            Case(["scheduler", plugin, "--set", "act=\(act)"], code, in: "probe", word)
        }
        return [
            Case(["vae", plugin], "other_kind", in: "file", "only scheduler"),
            Case(["scheduler", plugin, "--set", "gain=11"], "bad_setting", in: "probe", "gain"),
            act("throw", "constructor_threw", "Refusal"),
            act("trap", "constructor_crashed", "trapped as told"),
            act("wrong", "self_test_failed", "not all finite"),
            Case(["unet", "--set", "latent_channels=5"], "contract", in: "contract", "vae's"),
            Case(["unet", "--weights", "/nowhere"], "no_model", in: "request", "/nowhere"),
            Case(["text_encoder", "echo"], "invalid", in: "request", "text_encoder"),
        ]
    }

    @Test func leaveEverythingAsItWas() throws {
        let served = try ServedPipeline()
        try served.mustSwap("swap", "scheduler", "ddim")
        let before = try served.story()
        let stages = try served.status().stages
        let committed = try Data(contentsOf: #require(try served.committed()))
        let cases = try files(served) + self.stages()
        for bad in cases {
            let outcome = try SwapOutcome(served.run(["swap"] + bad.arguments + ["--json"]))
            try expect(outcome.last, is: bad, outcome.result)
            let failure = try #require(try served.status().lastSwapFailure)
            #expect(failure.code == bad.code && failure.phase == bad.phase, "\(failure)")
            #expect(failure.message.contains(bad.word), "\(failure)")
            #expect(outcome.result.errors.contains("\(bad.code) in \(bad.phase): "))
            #expect(outcome.result.errors.contains("generation 2 keeps serving"))
            #expect(outcome.last.generation == 2)
        }
        let status = try served.status()
        #expect(status.generation == 2 && status.generations.map(\.number) == [2, 1])
        #expect(status.stages == stages)
        let after = try served.story()
        #expect(after.pictures == before.pictures && after.generation == 2)
        #expect(try Data(contentsOf: #require(try served.committed())) == committed)
        let told = try served.run(["status"])
        #expect(told.output.contains("last swap failed in request (invalid): "), "\(told)")

        let log = served.daemon.stop().errors
        for bad in cases {
            #expect(log.contains("swap failed in \(bad.phase) (\(bad.code)): "), "\(log)")
        }
    }

    private func expect(
        _ line: SwapOutcome.Line, is bad: Case, _ result: Program.Result
    ) throws {
        #expect(line.type == "failed" && line.code == bad.code, "\(bad): \(result)")
        #expect(line.phase == bad.phase, "\(bad): \(result)")
        #expect(line.message?.contains(bad.word) == true, "\(bad): \(result)")
    }

    /// Others are served meanwhile, and swaps that come wait, up to the limit.
    @Test func aPluginThatHangsIsGivenUp() throws {
        let served = try ServedPipeline(swap: "probe_timeout_ms = 1500\nqueue = 1")
        let before = try served.story()
        let plugin = try TestPlugin.path()
        let swap = Program(
            "voken", ["swap", "scheduler", plugin, "--set", "act=hang", "--json"] + served.socket)
        try swap.process.run()
        #expect(try served.story().pictures == before.pictures)
        let next = Program("voken", ["swap", "scheduler", "echo", "--json"] + served.socket)
        try next.process.run()
        usleep(300_000)
        let third = try served.swap("swap", "scheduler", "echo")
        #expect(third.last.code == "busy" && third.last.phase == "queue", "\(third.result)")
        #expect(swap.process.isRunning && next.process.isRunning)
        let outcome = try SwapOutcome(swap.finish())
        #expect(outcome.last.code == "constructor_hung" && outcome.last.phase == "probe")
        #expect(outcome.last.message?.contains("1500 ms") == true, "\(outcome.result)")
        #expect(try SwapOutcome(next.finish()).last.generation == 2)
        #expect(try served.status().lastSwapFailure?.code == "constructor_hung")
        #expect(try served.story().pictures == before.pictures)
        #expect(served.daemon.stop().errors.contains("swap failed in probe (constructor_hung)"))
    }

    /// What was checked is not what lies there in the end.
    @Test func aFileThatIsReplacedMeanwhileIsNotTaken() throws {
        let served = try ServedPipeline()
        let gate = served.folder.appending(path: "gate")
        let plugin = served.folder.path + "/mine.so"
        try FileManager.default.copyItem(atPath: TestPlugin.path(), toPath: plugin)
        let swap = Program(
            "voken",
            ["swap", "scheduler", plugin, "--set", "act=wait", "--set", "gate=\(gate.path)"]
                + ["--json"] + served.socket)
        try swap.process.run()
        try wait(for: "the constructor") { FileManager.default.fileExists(atPath: gate.path) }
        try served.copyPlugin("SchedulerDDIM", as: "mine.so")
        // The stage is made twice: by the probe, then by the daemon.
        try wait(for: "the end") {
            try? FileManager.default.removeItem(at: gate)
            return !swap.process.isRunning
        }
        let outcome = try SwapOutcome(swap.finish())
        #expect(outcome.last.code == "file_changed", "\(outcome.result)")
        #expect(outcome.phases.contains("self_test") && outcome.last.phase == "commit")
        #expect(try served.stage("scheduler").name == "echo")
        #expect(try served.mustSwap("swap", "scheduler", plugin, "--fresh") == 2)
    }

    /// Nothing serves that a restart would not find.
    @Test func whatCannotBeWrittenDownIsNotCommitted() throws {
        let served = try ServedPipeline()
        try served.mustSwap("swap", "scheduler", "ddim")
        let file = try #require(try served.committed())
        try FileManager.default.removeItem(at: file)
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        for command in [["swap", "scheduler", "pndm"], ["rollback"]] {
            let outcome = try SwapOutcome(served.run(command + ["--json"]))
            #expect(outcome.last.code == "host" && outcome.last.phase == "persist")
            #expect(outcome.last.message?.contains(file.path) == true, "\(outcome.result)")
            #expect(try served.status().generation == 2)
        }
        try FileManager.default.removeItem(at: file)
        #expect(try served.mustSwap("swap", "scheduler", "pndm") == 3)
    }

    /// Without a probe that makes the stage, the daemon finds out itself what does not crash.
    @Test func aStageIsTestedInTheDaemonToo() throws {
        let served = try ServedPipeline(swap: "probe = \"load\"")
        let before = try served.story()
        let plugin = try TestPlugin.path()
        for (act, code, phase) in [
            ("throw", "constructor_threw", "construct"), ("wrong", "self_test_failed", "self_test"),
        ] {
            let outcome = try served.swap("swap", "scheduler", plugin, "--set", "act=\(act)")
            #expect(outcome.last.code == code && outcome.last.phase == phase, "\(outcome.result)")
            #expect(outcome.last.stage == "stage.scheduler")
        }
        #expect(try served.story().pictures == before.pictures)
        #expect(try served.status().generation == 1)
    }
}

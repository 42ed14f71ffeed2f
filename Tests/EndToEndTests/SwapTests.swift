import Foundation
import Testing

/// `voken swap`: what it can name, what becomes of options, and what it prints.
@Suite struct SwapTests {
    @Test func namesAStageOrAFile() throws {
        let served = try ServedPipeline()
        let before = try served.story()
        #expect(before.generation == 1 && before.scheduler?.hasPrefix("echo") == true)

        let named = try served.swap("swap", "scheduler", "ddim")
        #expect(named.last.committed == true && named.last.generation == 2, "\(named.result)")
        #expect(named.changes == [#"stage.scheduler.plugin: "echo" → "ddim""#])
        let ddim = try served.story()
        #expect(ddim.generation == 2 && ddim.scheduler?.hasPrefix("ddim") == true)
        #expect(ddim.pictures != before.pictures && ddim.text == before.text)

        let file = try served.copyPlugin("Echo", as: "mine.so")
        #expect(try served.mustSwap("swap", "scheduler", file) == 3)
        #expect(try served.stage("scheduler").plugin == file)
        #expect(try served.stage("vae").generation == 1, "the other stages stay")
        #expect(try served.story().pictures == before.pictures)

        // The plugin that serves, whose file has changed.
        try served.copyPlugin("SchedulerDDIM", as: "mine.so")
        #expect(try served.mustSwap("swap", "scheduler") == 4)
        #expect(try served.stage("scheduler").name == "ddim")
        #expect(try served.story().pictures == ddim.pictures)
    }

    /// A file is named from the folder that the command runs in, not from the daemon's.
    @Test func takesARelativePath() throws {
        let served = try ServedPipeline()
        try served.copyPlugin("SchedulerDDIM", as: "mine.so")
        for name in ["mine.so", "./mine.so"] {
            let program = Program("voken", ["swap", "scheduler", name, "--json"] + served.socket)
            program.process.currentDirectoryURL = served.folder
            try program.process.run()
            let outcome = try SwapOutcome(program.finish())
            #expect(outcome.last.committed == true, "\(outcome.result)")
        }
    }

    @Test func optionsStayAndAreRememberedByAStageThatDoesNotKnowThem() throws {
        let served = try ServedPipeline()
        let pndm = try served.swap("swap", "scheduler", "pndm", "--set", "skip_prk_steps=true")
        #expect(pndm.changes.contains("stage.scheduler.skip_prk_steps: – → true"))
        // Two steps are too few for PNDM without that option.
        let told = try served.story(["--steps", "2"])
        #expect(told.result.status == 0, "\(told.result)")
        try served.mustSwap("swap", "scheduler", "ddim", "--set", "steps_offset=1")
        #expect(try served.stage("scheduler").options == #"{"steps_offset":1}"#)
        // Also over a restart.
        try served.restart()
        try served.mustSwap("swap", "scheduler", "pndm", "--set", "steps_offset=0")
        #expect(
            try served.stage("scheduler").options
                == #"{"skip_prk_steps":true,"steps_offset":0}"#)
        #expect(try served.story(["--steps", "2"]).pictures.count == 2)

        let fresh = try served.swap("swap", "scheduler", "--fresh")
        #expect(fresh.last.committed == true, "\(fresh.result)")
        #expect(try served.stage("scheduler").options == "")
        #expect(try served.stage("scheduler").name == "pndm")
        #expect(try served.story(["--steps", "2"]).code == "invalid")
    }

    @Test func anUnknownOptionIsRefusedWithASuggestion() throws {
        let served = try ServedPipeline()
        let misspelt = try served.swap("swap", "scheduler", "pndm", "--set", "skip_prk_step=true")
        #expect(misspelt.last.code == "bad_setting")
        #expect(misspelt.last.message?.contains("did you mean \"skip_prk_steps\"?") == true)
        // Remembered are options that served; what is set now must be known.
        let foreign = try served.swap("swap", "scheduler", "ddim", "--set", "skip_prk_steps=true")
        #expect(foreign.last.code == "bad_setting", "\(foreign.result)")
        let range = try served.swap("swap", "scheduler", "ddim", "--set", "steps_offset=-1")
        #expect(range.last.code == "bad_setting")
        #expect(range.last.message?.contains("steps_offset") == true, "\(range.result)")
        #expect(try served.status().generation == 1)
    }

    @Test func jsonTellsEveryPhase() throws {
        let served = try ServedPipeline()
        let outcome = try served.swap("swap", "scheduler", "ddim")
        #expect(
            outcome.phases == [
                "file", "copy", "probe", "load", "probe", "construct", "self_test", "contract",
                "persist",
            ], "\(outcome.result)")
        let commit = try #require(outcome.lines.first { $0.type == "committed" })
        #expect(commit.previous == 1 && commit.generation == 2 && commit.holders == 0)
        #expect(outcome.last.drained == true && outcome.last.kept == true)
        // What has passed once is mapped, and not probed again.
        try served.mustSwap("swap", "scheduler", "echo")
        let again = try served.swap("swap", "scheduler", "ddim")
        #expect(again.phases == ["construct", "self_test", "contract", "persist"])
    }

    @Test func swapsOfSeveralClientsTakeTurns() throws {
        let served = try ServedPipeline()
        let clients = ["ddim", "pndm", "ddim", "echo"].map { scheduler in
            Program("voken", ["swap", "scheduler", scheduler, "--json"] + served.socket)
        }
        for client in clients { try client.process.run() }
        let outcomes = try clients.map { try SwapOutcome($0.finish()) }
        #expect(outcomes.map(\.last.generation).sorted() == [2, 3, 4, 5])
        #expect(try served.status().generation == 5)
    }

    /// What a client has begun goes on without it.
    @Test func aSwapOutlivesItsClient() throws {
        let served = try ServedPipeline()
        let gate = served.folder.appending(path: "gate")
        let swap = Program(
            "voken",
            ["swap", "scheduler", try TestPlugin.path(), "--set", "act=wait"]
                + ["--set", "gate=\(gate.path)"] + served.socket)
        try swap.process.run()
        try wait(for: "the constructor") { FileManager.default.fileExists(atPath: gate.path) }
        swap.kill()
        try wait(for: "the commit") {
            try? FileManager.default.removeItem(at: gate)
            return try served.status().generation == 2
        }
    }

    @Test func peopleReadWhatWasDoneAndWhatServes() throws {
        let served = try ServedPipeline()
        let good = try served.run(["swap", "scheduler", "ddim"])
        #expect(good.status == 0 && good.errors.isEmpty, "\(good)")
        #expect(good.output.contains(#"~ stage.scheduler.plugin = "ddim"  (was "echo")"#))
        for phase in [
            "file", "copy", "probe", "load", "construct", "self_test", "contract", "persist",
            "commit", "drain", "memory",
        ] {
            #expect(good.output.contains("\n\(phase) "), "\(phase): \(good.output)")
        }
        #expect(good.output.contains("generation 2 serves"))
        let bad = try served.run(["swap", "scheduler", served.pipeline.path])
        #expect(bad.status == 1)
        #expect(bad.errors.contains("not_elf in file: stage.scheduler: "), "\(bad.errors)")
        #expect(bad.errors.hasSuffix("generation 2 keeps serving\n"), "\(bad.errors)")
        let quiet = try served.run(["swap", "scheduler", "echo", "--quiet"])
        #expect(quiet.status == 0 && quiet.output.isEmpty && quiet.errors.isEmpty, "\(quiet)")
    }

    @Test func exitCodesSayWhoseFaultItIs() throws {
        let served = try ServedPipeline()
        let usage = [
            ["swap"], ["swap", "painter"], ["swap", "scheduler", "ddim", "--set", "a"],
            ["swap", "scheduler", "ddim", "--set", "a=1", "--set", "a=2"],
            ["swap", "scheduler", "--drain-timeout", "soon"], ["apply"], ["rollback", "--to", "0"],
            ["rollback", "--to", "one"],
        ]
        for command in usage {
            let result = try served.run(command)
            #expect(result.status == 2, "\(command): \(result)")
        }
        #expect(try served.run(["swap", "scheduler", "none"]).status == 1)
        #expect(try served.run(["apply", served.folder.path + "/none.toml"]).status == 1)
        #expect(try served.run(["rollback"]).status == 1)
        let nobody = ["--socket", served.folder.path + "/none.sock"]
        for command in [
            ["swap", "scheduler", "ddim"], ["apply", served.pipeline.path], ["rollback"],
        ] {
            let result = try Program.run("voken", command + nobody)
            #expect(result.status == 3 && result.errors.contains("none.sock"), "\(result)")
        }
    }
}

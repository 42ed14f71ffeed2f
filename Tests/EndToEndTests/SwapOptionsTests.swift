import Foundation
import Testing

/// The table `[swap]`, and `voken rollback`.
@Suite struct SwapOptionsTests {
    @Test func swappingCanBeForbidden() throws {
        let served = try ServedPipeline(swap: "enabled = false")
        for command in [
            ["swap", "scheduler", "ddim"], ["apply", served.pipeline.path], ["rollback"],
        ] {
            let outcome = try SwapOutcome(served.run(command + ["--json"]))
            #expect(outcome.last.code == "disabled" && outcome.lines.count == 1)
            #expect(outcome.last.message?.contains("swap.enabled") == true)
        }
        #expect(try served.status().lastSwapFailure?.code == "disabled")
        #expect(try served.story().result.status == 0)
    }

    @Test func onlyWhatIsOnTheListIsLoaded() throws {
        let list = try temporaryFolder().appending(path: "allowed")
        try append("Echo", to: list)
        let served = try ServedPipeline(swap: "allow_sha256 = \"\(list.path)\"")
        let file = Program.folder.path + "/libSchedulerDDIM.so"
        let refused = try served.swap("swap", "scheduler", file)
        #expect(refused.last.code == "not_allowed" && refused.last.phase == "file")
        #expect(refused.last.message?.contains(list.path) == true, "\(refused.result)")
        let byName = try served.swap("swap", "scheduler", "ddim")
        #expect(byName.last.type == "failed")
        #expect(byName.last.message?.contains(list.path) == true, "\(byName.result)")
        // For one request neither.
        let story = try served.story(["--scheduler", "ddim"])
        #expect(story.result.status != 0 && story.pictures.isEmpty, "\(story.result)")

        // The list counts as it is now.
        try append("SchedulerDDIM", to: list)
        try served.mustSwap("swap", "scheduler", file)
        try served.restart()
        #expect(try served.stage("scheduler").name == "ddim")
    }

    /// As `sha256sum` does.
    private func append(_ plugin: String, to list: URL) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["sha256sum", "\(Program.folder.path)/lib\(plugin).so"]
        process.standardOutput = output
        try process.run()
        let line = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let before = (try? Data(contentsOf: list)) ?? Data()
        try (before + line).write(to: list)
    }

    @Test func rollbackGoesBackAndForth() throws {
        let served = try ServedPipeline()
        let none = try served.swap("rollback")
        #expect(none.last.code == "not_kept", "\(none.result)")
        let old = try served.story()
        try served.mustSwap("swap", "scheduler", "ddim")
        let new = try served.story()
        for (number, told) in [(1, old), (2, new), (1, old)] {
            let outcome = try served.swap("rollback")
            #expect(outcome.last.committed == true && outcome.last.generation == number)
            #expect(outcome.phases == ["persist"], "nothing is prepared anew")
            #expect(try served.status().generation == number)
            let story = try served.story()
            #expect(story.pictures == told.pictures && story.generation == number)
        }
        // Numbers are never given twice.
        #expect(try served.mustSwap("swap", "scheduler", "pndm") == 3)
    }

    @Test func rollbackToOneOfSeveral() throws {
        let served = try ServedPipeline(swap: "keep_generations = 2")
        for scheduler in ["ddim", "pndm", "ddim"] {
            try served.mustSwap("swap", "scheduler", scheduler)
        }
        #expect(try served.status().generations.map(\.number) == [4, 3, 2])
        for number in [1, 4, 9] {
            let outcome = try served.swap("rollback", "--to", "\(number)")
            #expect(outcome.last.code == "not_kept", "\(outcome.result)")
            #expect(outcome.last.message?.contains("3, 2") == true, "\(outcome.result)")
        }
        #expect(try served.mustSwap("rollback", "--to", "2") == 2)
        #expect(
            try served.status().generations.map { "\($0.number) \($0.state)" } == [
                "2 serving", "4 kept", "3 kept",
            ])
        #expect(try served.mustSwap("rollback") == 4)
        #expect(try served.mustSwap("rollback") == 2)
    }

    @Test func nothingIsKeptWhereNothingIsToBe() throws {
        let served = try ServedPipeline(swap: "keep_generations = 0")
        let outcome = try served.swap("swap", "scheduler", "ddim")
        #expect(outcome.last.kept == false, "\(outcome.result)")
        #expect(try served.status().generations.map(\.number) == [2])
        let back = try served.swap("rollback")
        #expect(back.last.code == "not_kept" && back.last.phase == "request")
        #expect(back.last.message?.contains("keep_generations") == true, "\(back.result)")
    }

    /// A generation that is only kept stands in nobody's way.
    @Test func keptGenerationsDoNotCountAsInUse() throws {
        let served = try ServedPipeline(swap: "keep_generations = 1\nmax_generations = 2")
        try served.mustSwap("swap", "scheduler", "ddim")
        try served.mustSwap("swap", "scheduler", "pndm")
        #expect(try served.mustSwap("swap", "scheduler", "ddim") == 4)
        #expect(try served.mustSwap("rollback") == 3)
    }
}

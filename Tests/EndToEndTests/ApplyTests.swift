import Foundation
import Testing

/// `voken apply`.
@Suite struct ApplyTests {
    private let served: ServedPipeline

    init() throws { served = try ServedPipeline() }

    /// The pipeline file with other stages.
    private func edited(_ change: (inout String) -> Void) throws -> String {
        var text = try pipelineText("echo")
        change(&text)
        return try served.write(text, as: "other.toml")
    }

    private static func severalStages(_ text: inout String) {
        text =
            text.replacing("[stage.scheduler]\nplugin = \"echo\"", with: "")
            .replacing("\"A picture of it.\"", with: "\"Another one.\"")
            .replacing("guidance = 2.0", with: "guidance = 1.5")
            .replacing("[stage.vae]\n", with: "[stage.vae]\ndownsampling = 4\n")
            + "\n[stage.scheduler]\nplugin = \"pndm\"\nskip_prk_steps = true\n"
            + "[scheduler.ddim]\nplugin = \"ddim\"\n"
    }

    private static let severalChanges = [
        "defaults.guidance: 2.0 → 1.5",
        #"scheduler.ddim.plugin: – → "ddim""#,
        #"stage.language_model.text: "A picture of it." → "Another one.""#,
        #"stage.scheduler.plugin: "echo" → "pndm""#,
        "stage.scheduler.skip_prk_steps: – → true",
        "stage.vae.downsampling: – → 4",
    ]

    @Test func changesSeveralStagesAtOnce() throws {
        let before = try served.story()
        let other = try edited(Self.severalStages)

        let dry = try served.swap("apply", other, "--dry-run")
        #expect(dry.last.type == "finished" && dry.last.committed == false, "\(dry.result)")
        #expect(dry.changes == Self.severalChanges, "\(dry.result)")
        #expect(dry.phases.contains("self_test") && !dry.phases.contains("persist"))
        #expect(try served.status().generation == 1)
        #expect(try served.committed() == nil)
        #expect(try served.story().pictures == before.pictures)

        let outcome = try served.swap("apply", other)
        #expect(outcome.last.committed == true && outcome.last.generation == 2)
        #expect(outcome.changes == Self.severalChanges)
        let stages = try served.status().stages
        #expect(
            stages.filter { $0.generation == 2 }.map { "\($0.kind) \($0.name)" } == [
                "language_model echo", "vae echo", "scheduler pndm", "scheduler ddim",
            ], "the others are shared")
        let after = try served.story()
        #expect(after.text.contains("Another one.") && after.pictures != before.pictures)

        // A daemon that was started with that file does the same.
        let local = try Program.run(
            "voken",
            [
                "generate", "A fox.", "--scenes", "2", "--seed", "7", "--json", "--pipeline", other,
                "--out", served.folder.path + "/local",
            ])
        #expect(try ToldStory(local).pictures == after.pictures)

        #expect(try served.mustSwap("rollback") == 1)
        #expect(try served.story().pictures == before.pictures)
    }

    @Test func peopleReadADiff() throws {
        let other = try edited(Self.severalStages)
        let dry = try served.run(["apply", other, "--dry-run"])
        #expect(dry.status == 0, "\(dry)")
        let lines = dry.output.split(separator: "\n").map(String.init)
        #expect(
            Array(lines.prefix(6)) == [
                "~ defaults.guidance = 1.5  (was 2.0)",
                #"+ scheduler.ddim.plugin = "ddim""#,
                #"~ stage.language_model.text = "Another one."  (was "A picture of it.")"#,
                #"~ stage.scheduler.plugin = "pndm"  (was "echo")"#,
                "+ stage.scheduler.skip_prk_steps = true",
                "+ stage.vae.downsampling = 4",
            ])
        #expect(lines.last == "nothing was changed: generation 1 serves")
        try served.mustSwap("apply", other)
        let back = try served.run(["apply", served.pipeline.path])
        #expect(back.output.contains("- stage.vae.downsampling = 4"), "\(back)")
        #expect(try served.stage("scheduler").name == "echo")
    }

    @Test func allOrNothing() throws {
        let before = try served.story()
        let cases: [(String, String, String)] = [
            ("\"pndm\"", "\"nothing\"", "not_found"),
            ("skip_prk_steps = true", "skip_prk_step = true", "bad_setting"),
            ("downsampling = 4", "latent_channels = 7", "contract"),
        ]
        for (good, bad, code) in cases {
            let other = try edited { text in
                Self.severalStages(&text)
                text = text.replacing(good, with: bad)
            }
            for options in [[], ["--dry-run"]] {
                let outcome = try SwapOutcome(served.run(["apply", other, "--json"] + options))
                #expect(outcome.last.code == code, "\(outcome.result)")
                let status = try served.status()
                #expect(status.generation == 1 && status.stages.allSatisfy { $0.generation == 1 })
            }
        }
        #expect(try served.story().pictures == before.pictures)
        #expect(try served.committed() == nil)
    }

    @Test func aFileThatIsBrokenIsNamedWithItsLine() throws {
        let cases: [(String, String, Int)] = [
            ("name = \"echo\"", "name = echo", 5), ("[limits]", "[limits", 13),
            ("queue = 8", "quee = 8", 14),
        ]
        for (good, bad, line) in cases {
            let other = try edited { $0 = $0.replacing(good, with: bad) }
            let outcome = try served.swap("apply", other)
            #expect(outcome.last.code == "invalid" && outcome.last.phase == "request")
            #expect(
                outcome.last.message?.contains("\(other):\(line)") == true, "\(outcome.result)")
        }
        #expect(try served.status().generation == 1)
    }

    @Test func nothingIsDoneWhereNothingIsToChange() throws {
        let same = try served.swap("apply", served.pipeline.path)
        #expect(same.last.committed == false && same.lines.count == 1, "\(same.result)")
        // By a swap and back.
        try served.mustSwap("swap", "scheduler", "ddim")
        try served.mustSwap("apply", served.pipeline.path)
        #expect(try served.stage("scheduler").name == "echo")
        let again = try served.run(["apply", served.pipeline.path])
        #expect(again.output == "nothing was changed: generation 3 serves\n", "\(again)")
    }

    /// The same text, and a plugin's file that was replaced.
    @Test func aReplacedPluginIsAChange() throws {
        let plugin = try served.copyPlugin("Echo", as: "mine.so")
        let other = try edited {
            $0 = $0.replacing(
                "[stage.scheduler]\nplugin = \"echo\"",
                with: "[stage.scheduler]\nplugin = \"./mine.so\"")
        }
        try served.mustSwap("apply", other)
        #expect(try served.swap("apply", other).last.committed == false)
        #expect(try served.stage("scheduler").plugin == plugin)
        try served.copyPlugin("SchedulerDDIM", as: "mine.so")
        #expect(try served.mustSwap("apply", other) == 3)
        #expect(try served.stage("scheduler").name == "ddim")
    }
}

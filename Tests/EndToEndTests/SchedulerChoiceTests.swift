import Foundation
import Testing

/// `voken generate --scheduler … --scheduler-set …`: for one story alone.
@Suite struct SchedulerChoiceTests {
    private static let models = Program.root.path + "/etc/models/pocket"
    private static let choice = [
        "--scheduler", "pndm", "--scheduler-set", "skip_prk_steps=true", "--scheduler-set",
        "timestep_spacing=trailing", "--steps", "3",
    ]

    @Test func givesTheBytesOfADaemonWhoseOwnSchedulerItIs() throws {
        let served = try ServedPipeline("pocket")
        let own = try served.story(["--steps", "3"])
        let chosen = try served.story(Self.choice)
        #expect(chosen.result.status == 0, "\(chosen.result)")
        #expect(chosen.scheduler?.hasPrefix("pndm") == true && chosen.pictures != own.pictures)
        #expect(try served.story(["--steps", "3"]).pictures == own.pictures, "for one story alone")
        #expect(try served.status().generation == 1)
        #expect(try served.localStory(Self.choice).pictures == chosen.pictures)

        let other = try ServedPipeline("pocket") { text in
            text = text.replacing(#/(?s)\[stage.scheduler\].*/#) { _ in
                """
                [stage.scheduler]
                plugin = "pndm"
                model = "\(Self.models)/scheduler"
                skip_prk_steps = true
                timestep_spacing = "trailing"
                """
            }
        }
        let expected = try other.story(["--steps", "3"])
        #expect(expected.scheduler == chosen.scheduler)
        #expect(expected.pictures == chosen.pictures)
    }

    /// Options without a name are of the pipeline's own scheduler.
    @Test func optionsAloneAreForTheOwnScheduler() throws {
        let served = try ServedPipeline("pocket")
        let options = ["--steps", "3", "--scheduler-set", "timestep_spacing=leading"]
        let chosen = try served.story(options)
        #expect(chosen.scheduler?.hasPrefix("ddim") == true, "\(chosen.result)")
        #expect(try served.localStory(options).pictures == chosen.pictures)
        let own = try served.story(["--steps", "3"])
        #expect(own.pictures != chosen.pictures)
        try served.mustSwap("swap", "scheduler", "--set", "timestep_spacing=leading")
        #expect(try served.story(["--steps", "3"]).pictures == chosen.pictures)
    }

    /// A scheduler that the pipeline does not name, from the plugin folders.
    @Test func takesAnySchedulerOfThePluginFolders() throws {
        let served = try ServedPipeline()
        let own = try served.story()
        let chosen = try served.story(["--scheduler", "ddim"])
        #expect(chosen.result.status == 0, "\(chosen.result)")
        #expect(chosen.scheduler?.hasPrefix("ddim") == true && chosen.pictures != own.pictures)
        #expect(try served.story().pictures == own.pictures)
        #expect(try served.localStory(["--scheduler", "ddim"]).pictures == chosen.pictures)
        #expect(try served.stage("scheduler").name == "echo")
        try served.mustSwap("swap", "scheduler", "ddim")
        #expect(try served.story().pictures == chosen.pictures)
        #expect(try served.story(["--scheduler", "echo"]).pictures == own.pictures)
    }

    /// The same by the daemon and in this process, and nothing is told.
    @Test func refusesWhatCannotBe() throws {
        let served = try ServedPipeline()
        let file = try served.copyPlugin("SchedulerDDIM", as: "libMine.so")
        let cases: [([String], String)] = [
            (["--scheduler", file], "there is no scheduler"),
            (["--scheduler", "./libSchedulerDDIM.so"], "there is no scheduler"),
            (["--scheduler", "../debug/libSchedulerDDIM.so"], "there is no scheduler"),
            (["--scheduler", ".."], "there is no scheduler"),
            (["--scheduler", ""], "there is no scheduler"),
            (["--scheduler", "ech"], "did you mean \"echo\"?"),
            (["--scheduler", "llama"], "there is no scheduler \"llama\""),
            (
                ["--scheduler", "pndm", "--scheduler-set", "skip_prk_step=true"],
                "did you mean \"skip_prk_steps\"?"
            ),
            (["--scheduler", "ddim", "--scheduler-set", "steps_offset=many"], "steps_offset"),
            (["--scheduler-set", "eta=1"], "eta"),
            (["--scheduler-set", "eta"], "key=value"),
            // PNDM's Runge-Kutta start takes four.
            (["--scheduler", "pndm", "--steps", "2"], "skip_prk_steps"),
        ]
        for (options, word) in cases {
            for story in [try served.story(options), try served.localStory(options)] {
                #expect(story.result.status == 2, "\(options): \(story.result)")
                #expect(story.result.errors.contains(word), "\(options): \(story.result)")
                #expect(story.pictures.isEmpty)
            }
        }
        let told = try FileManager.default.contentsOfDirectory(atPath: served.folder.path)
            .filter { $0.hasPrefix("story") }
        #expect(told == [], "a refused story leaves no folder")
    }
}

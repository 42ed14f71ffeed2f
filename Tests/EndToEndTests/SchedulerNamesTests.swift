import Foundation
import Testing

/// Schedulers by what people call them, with a daemon.
@Suite struct SchedulerNamesTests {
    private struct Options: Decodable {
        let timestep_spacing: String?
        let skip_prk_steps, use_karras_sigmas, use_beta_sigmas: Bool?
        let eta: Double?
    }

    private func options(_ served: ServedPipeline) throws -> Options {
        try JSONDecoder().decode(
            Options.self, from: Data(try served.stage("scheduler").options.utf8))
    }

    @Test func aSwapTakesAnyNameAndCarriesNoneOver() throws {
        let served = try ServedPipeline("pocket")
        try served.mustSwap("swap", "scheduler", "DPM++ 2M Karras")
        #expect(try served.stage("scheduler").name == "dpmpp_2m")
        let karras = try options(served)
        #expect(karras.use_karras_sigmas == true && karras.use_beta_sigmas == false)
        let stages = try served.run(["stages"])
        #expect(stages.output.contains("dpmpp_2m+karras "), "\(stages.output)")
        let story = try served.story(["--steps", "3"])
        #expect(story.scheduler == "dpmpp_2m+karras+trailing", "\(story.result)")

        // What was committed is what was asked for.
        try served.restart()
        #expect(try options(served).use_karras_sigmas == true)
        #expect(try served.story(["--steps", "3"]).pictures == story.pictures)

        let swap = try served.swap("swap", "scheduler", "PLMS", "--set", "eta=0.5")
        #expect(swap.last.message?.contains("eta: unknown key") == true, "\(swap.result)")
        #expect(try options(served).use_karras_sigmas == true)
        try served.mustSwap("swap", "scheduler", "PLMS")
        let plms = try options(served)
        #expect(plms.skip_prk_steps == true && plms.use_karras_sigmas == nil)
        try served.mustSwap("swap", "scheduler", "EulerDiscreteScheduler", "--set", "s_churn=0.1")
        let euler = try options(served)
        #expect(euler.skip_prk_steps == nil && euler.use_karras_sigmas == nil)
        #expect(try served.story(["--steps", "3"]).scheduler == "euler+trailing")
    }

    /// However a request names it, and wherever it is told.
    @Test func equalNamesGiveEqualPictures() throws {
        let served = try ServedPipeline("pocket")
        let steps = ["--steps", "3"]
        let names = ["dpmpp_2m+exponential", "DPM++ 2M Exponential", "dpm++2m exponential"]
        let stories = try names.map { try served.story(steps + ["--scheduler", $0]) }
        #expect(stories.allSatisfy { $0.result.status == 0 }, "\(stories)")
        #expect(Set(stories.map(\.pictures)).count == 1)
        let local = try served.localStory(steps + ["--scheduler", names[1]])
        #expect(local.pictures == stories[0].pictures)
        let set = try served.story(
            steps + ["--scheduler", "DPMSolverMultistep", "--scheduler-set"]
                + ["use_exponential_sigmas=true"])
        #expect(set.pictures == stories[0].pictures, "recipes are equal too")
        let plain = try served.story(steps + ["--scheduler", "DPM++ 2M"])
        #expect(plain.pictures != stories[0].pictures)
        // The file's own table, with its options.
        let own = try served.story(steps + ["--scheduler", "PNDMScheduler"])
        #expect(own.pictures == (try served.story(steps + ["--scheduler", "pndm"]).pictures))
        #expect(own.scheduler == "pndm+leading")
    }

    @Test func aPipelineFileTakesAnyName() throws {
        let served = try ServedPipeline("pocket") { text in
            text = text.replacing("plugin = \"ddim\"", with: "plugin = \"Euler a Karras\"")
        }
        #expect(try served.stage("scheduler").name == "euler_a")
        let dry = try served.swap("apply", served.pipeline.path, "--dry-run")
        #expect(dry.lines.allSatisfy { $0.type == "finished" }, "\(dry.result)")
        try served.editPipeline { text in
            text = text.replacing("Euler a Karras", with: "ddim+karras")
        }
        let apply = try served.swap("apply", served.pipeline.path)
        #expect(apply.last.code == "bad_setting")
        let reason = "\"ddim+karras\" stands for ddim with use_karras_sigmas = true"
        #expect(apply.last.message?.contains(reason) == true, "\(apply.result)")
        let check = try served.run(["check", served.pipeline.path])
        #expect(check.status != 0)
        try served.editPipeline { text in
            text = text.replacing("ddim+karras", with: "euler_a+karros")
        }
        let misspelt = try Program.run("voken", ["check", served.pipeline.path])
        #expect(misspelt.status == 7)
        #expect(misspelt.errors.contains("did you mean \"karras\"?"), "\(misspelt.errors)")
    }

    @Test func refusalsNameTheNearest() throws {
        let served = try ServedPipeline()
        for (name, words) in [
            ("dimm", "did you mean \"ddim\"?"), ("ddim+karros", "did you mean \"karras\"?"),
            ("euler+karras+beta", "karras and beta exclude each other"),
            ("DPM++ 2N", "did you mean \"dpmpp_2m\"?"),
        ] {
            let swap = try served.swap("swap", "scheduler", name)
            #expect(swap.last.code == "not_found", "\(swap.result)")
            #expect(swap.last.message?.contains(words) == true, "\(name): \(swap.result)")
            let story = try served.story(["--scheduler", name])
            #expect(story.result.status == 2 && story.pictures.isEmpty)
            #expect(story.result.errors.contains(words), "\(name): \(story.result)")
        }
        #expect(try served.stage("scheduler").name == "echo")
    }
}

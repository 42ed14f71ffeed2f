import Foundation
import Testing

/// `voken generate --deep-cache …`: pictures drawn faster, and otherwise; and what prompts have in
/// common.
@Suite struct ShortcutTests {
    @Test func aPictureSaysWhatWasLeftOut() throws {
        let served = try ServedPipeline("pocket")
        let options = ["--steps", "4", "--scenes", "1"]
        let exact = try served.story(options)
        #expect(exact.recipe?["inexact"] == nil && exact.recipe?["steps"] == "4")
        let shortcuts = [
            "--deep-cache", "2", "--token-merging", "0.5", "--guidance-interval", "0.5:4",
        ]
        let fast = try served.story(options + shortcuts)
        let named = "guidance_interval 0.5:4.0, deep_cache 2, token_merging 0.5"
        #expect(fast.recipe?["inexact"] == named, "\(fast.result)")
        #expect(fast.pictures.count == 1 && fast.pictures != exact.pictures)
        #expect(try served.localStory(options + shortcuts).pictures == fast.pictures)

        // The pipeline's own, and off again by a request.
        try served.editPipeline { text in
            text = text.replacing("deep_cache = 1 ", with: "deep_cache = 2 ")
        }
        try served.mustSwap("apply", served.pipeline.path)
        #expect(try served.story(options).recipe?["inexact"] == "deep_cache 2")
        #expect(try served.story(options + ["--deep-cache", "1"]).recipe?["inexact"] == nil)

        // The second story begins like the first.
        let metrics = try served.run(["metrics"]).output
        let reused = try #require(
            metrics.firstMatch(of: #/voken_prompt_positions_reused_total (\d+)/#))
        #expect(Int(reused.1).map { $0 > 0 } == true)
    }

    @Test func aUNetThatCannotIsNamedWithTheRemedy() throws {
        let served = try ServedPipeline()
        let story = try served.story(["--deep-cache", "2"])
        #expect(story.result.status != 0 && story.pictures.isEmpty)
        let errors = story.result.errors + story.result.output
        #expect(errors.contains("ask for deep_cache 1, or swap in a UNet"), "\(story.result)")
        #expect(try served.story(["--deep-cache", "1"]).result.status == 0)
        let interval = try served.story(["--guidance-interval", "high"])
        #expect(interval.result.status == 2, "\(interval.result)")
    }
}

import Foundation
import Testing

/// Requests that are under way while stages are replaced.
@Suite struct InFlightTests {
    /// A story that stands still in its first picture until ``open(_:)``.
    private struct Held {
        let client: Program
        let gate: URL

        func open() throws { try Data().write(to: gate) }

        func finish() throws -> ToldStory {
            try open()
            return try ToldStory(client.finish())
        }
    }

    /// Serves with the scheduler that has a gate.
    private func gate(_ served: ServedPipeline) throws -> URL {
        let gate = served.folder.appending(path: "gate")
        try served.mustSwap(
            "swap", "scheduler", TestPlugin.path(), "--set", "gate=\(gate.path)")
        return gate
    }

    private func hold(_ served: ServedPipeline, _ gate: URL) throws -> Held {
        try? FileManager.default.removeItem(at: gate)
        let client = try served.begin(TestPlugin.gatedSteps)
        try wait(for: "the gate") {
            try served.status().holders.contains { $0.position == "image 1, step 2 of 7" }
        }
        return Held(client: client, gate: gate)
    }

    /// What it began with is what it ends on, to the byte, whatever is swapped meanwhile.
    @Test func aStoryEndsOnWhatItBeganWith() throws {
        let served = try ServedPipeline("pocket")
        let gate = try gate(served)
        try Data().write(to: gate)
        let undisturbed = try served.story(TestPlugin.gatedSteps)
        #expect(undisturbed.pictures.count == 2 && undisturbed.generation == 2)

        let held = try hold(served, gate)
        let models = Program.root.path + "/etc/models/pocket"
        let unet = served.folder.path + "/unet"
        try FileManager.default.copyItem(atPath: models + "/unet", toPath: unet)
        try served.mustSwap(
            "swap", "language_model", "--drain-timeout", "0", "--weights",
            models + "/language_model")
        try served.mustSwap("swap", "unet", "--drain-timeout", "0", "--weights", unet)
        let last = try served.swap(
            "swap", "scheduler", "pndm", "--drain-timeout", "0", "--fresh", "--set",
            "skip_prk_steps=true")
        #expect(last.last.committed == true && last.last.generation == 5, "\(last.result)")
        #expect(last.last.drained == true, "nobody is on the generation before")

        let status = try served.status()
        #expect(
            status.generations.map { "\($0.number) \($0.state)" } == [
                "5 serving", "4 kept", "2 draining",
            ], "\(status)")
        let holder = try #require(status.holders.first)
        #expect(status.holders.count == 1)
        #expect(holder.generation == 2 && holder.position == "image 1, step 2 of 7")

        // Admitted now, told when the engine is free.
        let next = try served.begin(["--steps", "2"])
        try wait(for: "the second request") { try served.status().holders.count == 2 }
        #expect(try served.status().holders.map(\.generation) == [5, 2])

        let disturbed = try held.finish()
        #expect(disturbed.generation == 2)
        #expect(disturbed.pictures == undisturbed.pictures && disturbed.text == undisturbed.text)
        let new = try ToldStory(next.finish())
        #expect(new.generation == 5 && new.scheduler?.hasPrefix("pndm") == true)
        try wait(for: "the end of generation 2") {
            try served.status().generations.map(\.number) == [5, 4]
        }

        // The same as where nothing was swapped.
        let fresh = try ServedPipeline("pocket") { text in
            text = text.replacing(#/(?s)\[stage.scheduler\].*/#) { _ in
                """
                [stage.scheduler]
                plugin = "pndm"
                model = "\(models)/scheduler"
                skip_prk_steps = true
                """
            }
        }
        let expected = try fresh.story(["--steps", "2"])
        #expect(expected.pictures == new.pictures && expected.text == new.text)
    }

    /// Nothing stands still here: stages are made and tested while others compute.
    @Test func storiesAreTheSameWhileStagesComeAndGo() throws {
        let served = try ServedPipeline("pocket")
        let options = ["--scenes", "3", "--steps", "12"]
        let undisturbed = try served.story(options)
        let clients = [try served.begin(options), try served.begin(options)]
        let changes = [
            ["vae", "--weights", Program.root.path + "/etc/models/pocket/vae"],
            ["scheduler", "ddim"], ["language_model"], ["unet"],
        ]
        var swaps = 0
        while clients.contains(where: { $0.process.isRunning }), swaps < 100 {
            let outcome = try SwapOutcome(
                served.run(
                    ["swap"] + changes[swaps % changes.count] + ["--drain-timeout", "0", "--json"]))
            #expect(outcome.last.committed == true, "\(outcome.result)")
            swaps += 1
        }
        #expect(swaps >= 4)
        for client in clients {
            let story = try ToldStory(client.finish())
            #expect(story.pictures == undisturbed.pictures && story.text == undisturbed.text)
            #expect(story.generation == 1)
        }
        #expect(try served.story(options).pictures == undisturbed.pictures)
    }

    @Test func aSwapWaitsForTheOldGenerationAsLongAsItIsTold() throws {
        let served = try ServedPipeline(swap: "keep_generations = 0\nmax_generations = 2")
        let gate = try gate(served)
        let held = try hold(served, gate)

        let impatient = try served.run(["swap", "scheduler", "echo", "--drain-timeout", "50ms"])
        #expect(impatient.status == 0, "\(impatient)")
        #expect(impatient.output.contains("1 request finishing on 2"), "\(impatient)")
        #expect(impatient.output.contains("image 1, step 2 of 7"), "\(impatient)")

        // Two generations are the limit here.
        let crowded = try served.swap("swap", "scheduler", "ddim")
        #expect(crowded.last.code == "draining" && crowded.last.phase == "request")
        let holder = try #require(try served.status().holders.first)
        #expect(crowded.last.message?.contains(holder.job) == true, "\(crowded.result)")

        #expect(try held.finish().result.status == 0)
        #expect(try served.mustSwap("swap", "scheduler", "ddim") == 4)
    }

    @Test func aSwapThatWaitsEndsWithTheLastRequest() throws {
        let served = try ServedPipeline()
        let gate = try gate(served)
        let held = try hold(served, gate)
        let swap = Program("voken", ["swap", "scheduler", "echo", "--json"] + served.socket)
        try swap.process.run()
        try wait(for: "the commit") { try served.status().generation == 3 }
        #expect(swap.process.isRunning)
        #expect(try held.finish().result.status == 0)
        let outcome = try SwapOutcome(swap.finish())
        #expect(outcome.last.drained == true && outcome.last.left == [], "\(outcome.result)")
        #expect(outcome.lines.first { $0.type == "committed" }?.holders == 1)
    }

    @Test func requestsThatAreLeftCanBeCancelled() throws {
        let served = try ServedPipeline()
        let gate = try gate(served)
        let held = try hold(served, gate)
        let swap = try served.swap(
            "swap", "scheduler", "echo", "--drain-timeout", "50ms", "--cancel-left")
        #expect(swap.last.committed == true && swap.last.drained == false, "\(swap.result)")
        #expect(swap.last.left?.map(\.generation) == [2])
        let story = try held.finish()
        #expect(story.code == "cancelled" && story.result.status == 5, "\(story.result)")
        #expect(try served.story().result.status == 0)
    }
}

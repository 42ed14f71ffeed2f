import Tensors
import Testing

@testable import Pipelines

/// The repository's own model under limits of memory.
@Suite struct MemoryLimitTests {
    private let request = StoryRequest(
        prompt: "Mia the rabbit found a blue ball in the park.", scenes: 2, steps: 2, seed: 1)

    private func limited(to megabytes: Int) throws -> Generation {
        try pocketGeneration(["memory_limit_mb = 0": "memory_limit_mb = \(megabytes)"])
    }

    @Test func aBudgetSaysWhatThereIsThen() throws {
        // Of its own, whose memory no other test takes.
        let generation = try pocketGeneration(["name = \"pocket\"": "name = \"budget\""])
        let budget = try MemoryBudget(generation.file, host: generation.host)
        let events = try run(request, generation)
        #expect(events.failure == nil)
        #expect(budget.stages.map(\.key) == generation.file.entries.map(\.key))
        for stage in budget.stages {
            let loaded = try #require(generation.loaded[stage.key])
            #expect(stage.weightsPrivate == loaded.weights.tensors.bytes)
            #expect(stage.weightsMapped == loaded.model?.mappedBytes ?? 0)
            let shared = stage.key == "stage.language_model" ? budget.promptCache : 0
            #expect(stage.cache + shared >= loaded.work.caches.peak && stage.hasWeights)
            // What there is beside a step is a few small tensors.
            #expect(stage.activations + 1 << 20 >= loaded.work.tensors.peak)
        }
        // Each of the threads of the run has kept some.
        #expect(budget.kernels == ThreadPool.threads * KernelMemory.mostOfThread)
        #expect((1...).contains(KernelMemory.held.bytes))
        #expect(budget.total - budget.promptCache >= budget.kernels + budget.activations)
        #expect(budget.limit == nil && budget.cache > 0 && budget.activations > 0)
    }

    @Test func stagesAreLetGoOfAndTheStoryIsTheSame() throws {
        let unlimited = try pocketGeneration()
        let expected = try run(request, unlimited)
        let budget = try MemoryBudget(unlimited.file, host: unlimited.host)
        let limit = budget.least >> 20 + 1
        #expect(limit << 20 < budget.total)
        let generation = try limited(to: limit)
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        for _ in 0..<2 {
            let log = EventLog()
            _ = try engine.submit(request) { log.append($0) }
            let events = try log.wait()
            #expect(events.failure == nil && events.text == expected.text)
            #expect(events.images.map(\.sha256) == expected.images.map(\.sha256))
        }
        // At least once for each of four stages, in each scene.
        #expect(engine.keeper.releases >= 8)
        let held = generation.loaded.values.reduce(0) { $0 + $1.residence.bytes }
        #expect(held <= limit << 20)
        let unlimitedBytes = unlimited.loaded.values.reduce(0) { $0 + $1.residence.bytes }
        #expect(held < unlimitedBytes)
    }

    @Test func aLimitThatIsTooLowIsRefused() throws {
        do {
            _ = try limited(to: 3)
            Issue.record("was loaded")
        } catch let error as PipelineError {
            #expect(error.code == .memory && error.line != nil)
            #expect(error.message.hasPrefix("engine.memory_limit_mb is 3, but stage."))
            #expect(error.message.contains("limits.context_tokens"))
        }
    }

    /// What stands in the place of a stage that was let go of says of itself what the stage says.
    @Test func aStageIsTheSameWhenItIsBack() throws {
        let generation = try pocketGeneration(["scenes = 4 ": "scenes = 3 "])
        let residence = try #require(generation.loaded["stage.unet"]).residence
        let (side, bytes) = (generation.unet.sampleSize, residence.bytes)
        #expect(bytes == residence.bytesInUse)
        #expect(residence.leave())
        #expect(residence.bytes == 0 && generation.unet.sampleSize == side)
        #expect(!residence.leave())
        try residence.settle()
        #expect(residence.bytes == bytes)
        #expect(try run(request, generation).failure == nil)
    }
}

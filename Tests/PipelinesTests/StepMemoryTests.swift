import Stages
import Tensors
import Testing

@testable import Pipelines

/// Steps of the repository's own model in an arena.
@Suite struct StepMemoryTests {
    private static let generation = Result { try pocketGeneration() }

    private func noise(_ shape: Shape, seed: UInt64) -> Tensor {
        var generator = TorchGenerator(seed: seed)
        return generator.normal(shape)
    }

    /// The same works at each call, with sequences of their own.
    private func works(_ name: String, _ generation: Generation) throws -> [StageWork] {
        let model = generation.languageModel
        let side = generation.unet.sampleSize
        let latents: Shape = [2, side, side, generation.unet.latentChannels]
        switch name {
        case "encode":
            let side = generation.imageEncoder.imageSize
            return [.encode(noise([1, side, side, 3], seed: 1))]
        case "prefill":
            return [.forward(try generation.embed(Array(5..<50)), generation.makeState())]
        case "decode steps":
            return try (0..<3).map { index in
                let state = generation.makeState()
                _ = model.forward(try generation.embed(Array(5...10 + index)), state: state)
                return .forward(try generation.embed([7 + index]), state)
            }
        case "logits": return (0..<3).map { .logits(noise([1, model.width], seed: $0)) }
        case "map":
            let mapper = generation.featureMapper
            return [.map(noise([1, mapper.vokens, mapper.inputWidth], seed: 2))]
        case "predict", "predict, merge and keep", "predict from what was kept":
            let feature = ImageConditioning(
                noise(
                    [1, generation.featureMapper.length, generation.featureMapper.width], seed: 3))
            let works = (4...5).map { seed in
                Prediction(
                    latents: noise(latents, seed: seed), timestep: Float(100 * seed),
                    conditioning: [feature, feature],
                    shortcuts: UNetShortcuts(
                        depth: name == "predict"
                            ? .full : .keeping([DeepFeatures(), DeepFeatures()]),
                        merging: name.contains("merge")
                            ? .init(ratio: 0.5, seeds: [7, 7]) : nil))
            }
            guard name.contains("from") else { return works.map { .predict($0) } }
            return works.map { work in
                _ = Prediction.call(generation.unet, [work])
                var next = work
                if case .keeping(let states) = work.shortcuts.depth {
                    next.shortcuts = UNetShortcuts(depth: .reusing(states))
                }
                return .predict(next)
            }
        default: return [.decode(noise(latents.with(1, at: 0), seed: 6))]
        }
    }

    @Test(arguments: [
        "encode", "prefill", "decode steps", "logits", "map", "predict",
        "predict, merge and keep", "predict from what was kept", "decode",
    ])
    func aStepTakesNoMemoryOfItsOwn(name: String) throws {
        let generation = try Self.generation.get()
        func answers(_ arena: Arena?) throws -> [[Float]] {
            try StageCall(generation: generation, works: works(name, generation))
                .answers(StageMeter(), in: arena).map { try $0.get().values }
        }
        let expected = try answers(nil)
        let arena = Arena()
        #expect(try answers(arena) == expected)
        let first = arena.counts
        #expect(first.placed > 0 && first.leftBehind == 0)
        for _ in 0..<2 { #expect(try answers(arena) == expected) }
        let all = arena.counts
        // From the second step on there is room for what kernels ask for while they compute, too.
        #expect(all.placed == 3 * first.placed + 2 * first.overflows)
        #expect(all.overflows == first.overflows && all.leftBehind == 0)
        #expect(all.reservations <= 2)
    }
}

@Suite struct StepPlansTests {
    /// Requests decide what a plan is for: plans that were made long ago are let go of.
    @Test func holdsSoMany() {
        let plans = StepPlans()
        var rehearsals = 0
        func ask(_ width: Int) {
            let key = StepKey([.logits(Tensor([1, width], repeating: 0))])
            _ = plans.plan(key) { rehearsals += 1 }
        }
        ask(1)
        ask(1)
        #expect(rehearsals == 1)
        for width in 2...600 { ask(width) }
        #expect(rehearsals == 600)
        ask(600)
        #expect(rehearsals == 600)
        ask(1)
        #expect(rehearsals == 601)
    }
}

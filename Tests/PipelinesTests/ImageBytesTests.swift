import Stages
import Tensors
import Testing

@testable import Pipelines

/// Work that is saved exactly: pictures have the bytes of the way that saves nothing.
@Suite struct ImageBytesTests {
    /// One image with every half of every call by itself, its conditioning made anew each time.
    private func unhurried(
        _ generation: Generation, _ features: Tensor, _ drawing: Drawing, seed: UInt64
    ) throws -> Tensor {
        let (unet, mapper) = (generation.unet, generation.featureMapper)
        var trajectory = try drawing.scheduler.scheduler.trajectory(steps: drawing.steps)
        var noise = TorchGenerator(seed: seed)
        var sample = noise.normal([1, unet.latentChannels, unet.sampleSize, unet.sampleSize])
            .channelsInnermost().scaled(by: trajectory.initialNoiseScale)
        for (call, timestep) in trajectory.timesteps.enumerated() {
            let input = trajectory.modelInput(sample, call: call)
            func half(_ hidden: Tensor) -> Tensor {
                unet.predict(input, timesteps: [timestep], conditioning: mapper.map(hidden))
            }
            let conditional = half(features)
            let isGuided =
                drawing.guidance.isOn
                && (drawing.shortcuts.guidanceInterval.isAll
                    || drawing.shortcuts.guidanceInterval.contains(trajectory.sigmas[call]))
            let output =
                isGuided
                ? drawing.guidance(
                    concatenate(
                        [half(Tensor(features.shape, repeating: 0)), conditional], axis: 0))
                : conditional
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        return generation.vae.decode(sample)
    }

    private func drawn(
        _ generation: Generation, _ features: Tensor, _ drawing: Drawing, seed: UInt64,
        _ meter: StageMeter = StageMeter()
    ) throws -> Tensor {
        var task = try ImageTask(generation, features: features, drawing, seed: seed)
        while true {
            let call = StageCall(generation: generation, works: [try task.work()])
            if case .decoded(let pixels) = try task.take(call.answers(meter)[0].get()) {
                return pixels
            }
        }
    }

    private func features(_ generation: Generation) -> Tensor {
        var generator = TorchGenerator(seed: 8)
        return generator.normal([
            1, generation.featureMapper.vokens, generation.featureMapper.inputWidth,
        ])
    }

    @Test(arguments: [1, 3, 7.5], [4, 1])
    func calls(guidance: Double, batch: Int) throws {
        let generation = try pocketGeneration(["unet_batch = 4": "unet_batch = \(batch)"])
        let drawing = Drawing(
            steps: 3, guidance: Guidance(scale: guidance), scheduler: generation.ownScheduler)
        let features = features(generation)
        let meter = StageMeter()
        let pixels = try drawn(generation, features, drawing, seed: 5, meter)
        let expected = try unhurried(generation, features, drawing, seed: 5)
        #expect(pixels.values == expected.values)
        // A pair is one call whatever the limit, and without guidance there is no pair.
        #expect(meter.all[.unet]?.calls == 3)
        #expect(meter.all[.unet]?.items == (guidance == 1 ? 3 : 6))
    }

    @Test func aCallOutsideTheIntervalHasNoUnconditionalHalf() throws {
        let generation = try pocketGeneration()
        var shortcuts = Shortcuts()
        shortcuts.guidanceInterval = GuidanceInterval(low: 0.5, high: 3)
        let drawing = Drawing(
            steps: 6, guidance: Guidance(scale: 3), scheduler: generation.ownScheduler,
            shortcuts: shortcuts)
        let sigmas = try drawing.scheduler.scheduler.trajectory(steps: 6).sigmas.prefix(6)
        let inside = sigmas.count { 0.5 < $0 && $0 <= 3 }
        try #require((1..<6).contains(inside))
        let features = features(generation)
        let meter = StageMeter()
        let pixels = try drawn(generation, features, drawing, seed: 5, meter)
        #expect(meter.all[.unet]?.items == 6 + inside)
        let expected = try unhurried(generation, features, drawing, seed: 5)
        #expect(pixels.values == expected.values)
    }

    /// What the mapper and the UNet make of zeros is made once, for all images.
    @Test func theNegativeSideIsMadeOnce() throws {
        let generation = try pocketGeneration(["name = \"pocket\"": "name = \"once\""])
        let drawing = Drawing(
            steps: 1, guidance: Guidance(scale: 2), scheduler: generation.ownScheduler)
        let meter = StageMeter()
        for seed: UInt64 in [1, 2, 3] {
            _ = try drawn(generation, features(generation), drawing, seed: seed, meter)
        }
        #expect(meter.all[.featureMapper]?.calls == 4)
    }
}

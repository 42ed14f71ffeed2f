import Stages
import Tensors
import TestSupport
import Testing

/// What the UNet computes once for an image, and what it can leave out.
@Suite struct UNetShortcutTests {
    private struct Inputs {
        let unet: any UNet
        let latents: Tensor
        let timesteps: [Float]
        let prepared: [any PreparedConditioning]
        let exact: Tensor

        func predict(_ shortcuts: UNetShortcuts) -> Tensor {
            unet.predict(latents, timesteps: timesteps, prepared: prepared, shortcuts: shortcuts)
        }
    }

    private func inputs(
        _ name: String, side: (Int, Int) = (8, 10), samples: Int = 3
    ) throws -> Inputs {
        let unet: any UNet = try StageFixture(name).load(.unet, "stable_diffusion_unet")
        var noise = TorchGenerator(seed: 4)
        let latents = noise.normal([samples, side.0, side.1, unet.latentChannels])
        let conditioning = noise.normal([samples, 5, unet.conditioningWidth])
        let timesteps = (0..<samples).map { Float(900 - 300 * $0) }
        return Inputs(
            unet: unet, latents: latents, timesteps: timesteps,
            prepared: (0..<samples).map {
                unet.prepare(conditioning.slice(axis: 0, $0..<$0 + 1))
            },
            exact: unet.predict(latents, timesteps: timesteps, conditioning: conditioning))
    }

    private func bits(_ x: Tensor) -> [UInt32] { x.values.map(\.bitPattern) }

    @Test(arguments: ["unet-linear", "unet-conv"])
    func aPreparedConditioningChangesNothing(name: String) throws {
        let inputs = try inputs(name)
        #expect(bits(inputs.predict(.none)) == bits(inputs.exact))
    }

    /// On what a call itself has kept, the finest layers alone give what all of them give; on what
    /// another has kept, what diffusers' layers give.
    @Test(arguments: ["unet-linear", "unet-conv"])
    func deepFeaturesAreReused(name: String) throws {
        let inputs = try inputs(name)
        let states = (0..<3).map { _ in DeepFeatures() }
        let kept = inputs.predict(UNetShortcuts(depth: .keeping(states)))
        #expect(bits(kept) == bits(inputs.exact), "a call that keeps is exact")
        let reused = inputs.predict(UNetShortcuts(depth: .reusing(states)))
        #expect(bits(reused) == bits(inputs.exact))

        let fixture = try StageFixture(name)
        let unet = inputs.unet
        let conditioning = try fixture["conditioning"]
        let prepared = (0..<2).map {
            unet.prepare(conditioning.slice(axis: 0, $0..<$0 + 1))
        }
        let pair = [DeepFeatures(), DeepFeatures()]
        _ = unet.predict(
            try fixture["latents"], timesteps: try fixture.numbers("timesteps"),
            prepared: prepared, shortcuts: UNetShortcuts(depth: .keeping(pair)))
        let later = unet.predict(
            try fixture["later_latents"], timesteps: try fixture.numbers("later_timesteps"),
            prepared: prepared, shortcuts: UNetShortcuts(depth: .reusing(pair)))
        expectClose(later, try fixture["reused"], relative: 1e-4)
    }

    @Test(arguments: ["unet-linear", "unet-conv"])
    func tokensAreMergedAsThePaperDoes(name: String) throws {
        let fixture = try StageFixture(name)
        let unet: any UNet = try fixture.load(.unet, "stable_diffusion_unet")
        #expect(unet.shortcuts.contains(.tokenMerging))
        let conditioning = try fixture["conditioning"]
        let merged = unet.predict(
            try fixture["latents"], timesteps: try fixture.numbers("timesteps"),
            prepared: (0..<2).map { unet.prepare(conditioning.slice(axis: 0, $0..<$0 + 1)) },
            shortcuts: UNetShortcuts(merging: .init(ratio: 0.5, seeds: [7, 7])))
        expectClose(merged, try fixture["merged"], relative: 1e-4)
    }

    @Test func aSampleIsMergedAlikeInAnyCompany() throws {
        let inputs = try inputs("unet-linear", side: (7, 9))
        func merged(_ ratio: Double, _ samples: Range<Int>) -> Tensor {
            inputs.unet.predict(
                inputs.latents.slice(axis: 0, samples),
                timesteps: Array(inputs.timesteps[samples]),
                prepared: Array(inputs.prepared[samples]),
                shortcuts: UNetShortcuts(
                    merging: .init(ratio: ratio, seeds: [1, 2, 3].map { $0 }[samples].map { $0 })))
        }
        for ratio in [0.1, 0.75] {
            let all = merged(ratio, 0..<3)
            #expect(bits(all) != bits(inputs.exact))
            #expect(all.values.allSatisfy { $0.isFinite })
            for sample in 0..<3 {
                let alone = merged(ratio, sample..<sample + 1)
                #expect(bits(alone) == bits(all.slice(axis: 0, sample..<sample + 1)))
            }
        }
        // Less than a token is none.
        #expect(bits(merged(0.01, 0..<3)) == bits(inputs.exact))
    }
}

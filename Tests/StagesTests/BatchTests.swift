import Checkpoints
import Foundation
import Stages
import Tensors
import TestSupport
import Testing

/// What a stage makes of a sample is the same to the last bit alone and in any batch: requests that
/// run as one batch get the bytes that each gets alone.
@Suite(.serialized)
struct BatchTests {
    /// The embedded model.
    private static func pocket<Kind>(
        _ kind: StageKind, _ name: String, _ folder: String
    ) throws -> Kind {
        let models = fixture("models").deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(components: "etc", "models", "pocket")
        return try loadStage(
            kind, name, ModelFolder.open(models.appending(path: folder).path))
    }

    private func noise(_ shape: Shape, seed: UInt64 = 1) -> Tensor {
        var generator = TorchGenerator(seed: seed)
        return generator.normal(shape)
    }

    private func bits(_ x: Tensor) -> [UInt32] { x.values.map(\.bitPattern) }

    /// Compares batches of these sizes with their samples one by one, on one thread and on two.
    private func expectIndependentSamples(
        _ inputs: [Tensor], batches: [Int], sourceLocation: SourceLocation = #_sourceLocation,
        _ run: (_ inputs: [Tensor], _ samples: Range<Int>) throws -> Tensor
    ) throws {
        ThreadPool.configure(threads: 1)
        let alone = try (0..<inputs[0].shape[0]).map { sample in
            bits(
                try run(
                    inputs.map { $0.slice(axis: 0, sample..<sample + 1) }, sample..<sample + 1))
        }
        for threads in [1, 2] {
            ThreadPool.configure(threads: threads)
            for size in batches {
                let together = try run(inputs.map { $0.slice(axis: 0, 0..<size) }, 0..<size)
                #expect(
                    bits(together) == Array(alone[..<size].joined()),
                    "a batch of \(size) on \(threads) threads", sourceLocation: sourceLocation)
            }
        }
    }

    private func expectIndependentPredictions(
        _ unet: any UNet, side: (height: Int, width: Int), length: Int
    ) throws {
        let timesteps: [Float] = [999, 0, 500, 500, 17, 321]
        try expectIndependentSamples(
            [
                noise([6, side.height, side.width, unet.latentChannels]),
                noise([6, length, unet.conditioningWidth], seed: 2),
            ], batches: [2, 3, 4, 6]
        ) { inputs, samples in
            unet.predict(inputs[0], timesteps: Array(timesteps[samples]), conditioning: inputs[1])
        }
    }

    @Test(arguments: ["unet-linear", "unet-conv"])
    func predictionsOfATinyUNet(name: String) throws {
        let unet: any UNet = try StageFixture(name).load(.unet, "stable_diffusion_unet")
        for side in [(8, 8), (5, 7), (2, 2)] {
            try expectIndependentPredictions(unet, side: side, length: 7)
        }
    }

    @Test func predictionsOfThePocketUNet() throws {
        let unet: any UNet = try Self.pocket(.unet, "stable_diffusion_unet", "unet")
        for side in [(16, 16), (7, 10)] {
            try expectIndependentPredictions(unet, side: side, length: 77)
        }
    }

    @Test func features() throws {
        for mapper: any FeatureMapper in [
            try StageFixture("mapper").load(.featureMapper, "voken_mapper"),
            try Self.pocket(.featureMapper, "voken_mapper", "mapper"),
        ] {
            try expectIndependentSamples(
                [noise([5, mapper.vokens, mapper.inputWidth])], batches: [2, 3, 5]
            ) { inputs, _ in mapper.map(inputs[0]) }
        }
    }

    @Test func picturesAndLatents() throws {
        for vae: any VAE in [
            try StageFixture("vae").load(.vae, "autoencoder_kl"),
            try Self.pocket(.vae, "autoencoder_kl", "vae"),
        ] {
            try expectIndependentSamples([noise([3, 4, 6, vae.latentChannels])], batches: [2, 3]) {
                inputs, _ in vae.decode(inputs[0])
            }
            let side = 4 * vae.downsampling
            try expectIndependentSamples([noise([3, side, side, 3])], batches: [2, 3]) {
                inputs, _ in
                let (mean, logVariance, _) = vae.encode(inputs[0])
                return concatenate([mean, logVariance], axis: -1)
            }
        }
    }

    @Test func encodedPictures() throws {
        for encoder: any ImageEncoder in [
            try StageFixture("image-encoder").load(.imageEncoder, "eva_qformer"),
            try Self.pocket(.imageEncoder, "eva_qformer", "image_encoder"),
        ] {
            let side = encoder.imageSize
            try expectIndependentSamples([noise([3, side, side, 3])], batches: [2, 3]) {
                inputs, _ in encoder.encode(inputs[0])
            }
        }
    }

    @Test func encodedCaptions() throws {
        let captions = ["A red cat.", "", "the blue bird sees the red cat", "a fox", "a"]
        for encoder: any TextEncoder in [
            try StageFixture("clip-text").load(.textEncoder, "clip_text"),
            try Self.pocket(.textEncoder, "clip_text", "text_encoder"),
        ] {
            try expectIndependentSamples([noise([5, 1])], batches: [2, 3, 5]) { _, samples in
                try encoder.encode(Array(captions[samples]))
            }
        }
    }

    /// Positions one by one and at once, and the logits of several sequences at once.
    @Test func positionsOfASequence() throws {
        for llama: any LanguageModel in [
            try StageFixture("llama").load(.languageModel, "llama"),
            try Self.pocket(.languageModel, "llama", "language_model"),
        ] {
            let count = 21
            let embeddings = llama.embed((0..<count).map { 3 + $0 * 5 % 40 })
            for threads in [1, 2] {
                ThreadPool.configure(threads: threads)
                let hidden = llama.forward(embeddings, state: llama.makeState())
                let logits = llama.logits(hidden)
                let state = llama.makeState()
                for part in [0..<1, 1..<2, 2..<11, 11..<14, 14..<21] {
                    let some = llama.forward(embeddings.slice(axis: 0, part), state: state)
                    #expect(bits(some) == bits(hidden.slice(axis: 0, part)))
                    #expect(bits(llama.logits(some)) == bits(logits.slice(axis: 0, part)))
                }
            }
        }
    }
}

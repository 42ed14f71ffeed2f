import Checkpoints
import Stages
import Tensors
import TestSupport
import Testing

@Suite struct AutoencoderTests {
    @Test(arguments: ["vae", "vae-old-names"])
    func agreesWithDiffusers(name: String) throws {
        let fixture = try StageFixture(name)
        let vae: any VAE = try fixture.load(.vae, "autoencoder_kl")
        expectClose(
            vae.decode(try fixture["latents"]), try fixture["decoded"], relative: 1e-4)
        let (mean, logVariance, scale) = vae.encode(try fixture["pixels"])
        expectClose(mean, try fixture["mean"], relative: 1e-4)
        expectClose(logVariance, try fixture["log_variance"], relative: 1e-4)
        #expect(scale == 0.31)
        #expect(vae.downsampling == 4)
        #expect(vae.latentChannels == 3)
    }

    @Test func decodesALargePictureInSquaresThatFadeIntoEachOther() throws {
        let fixture = try StageFixture("vae")
        let whole: any VAE = try fixture.load(.vae, "autoencoder_kl")
        let tiled: any VAE = try fixture.load(.vae, "autoencoder_kl", ["tile": .integer(8)])
        var generator = TorchGenerator(seed: 3)
        let latents = generator.normal([1, 14, 8, 3])
        // Rows of latents 0 to 8 and 6 to 14, four pixels each: 24 to 32 are of both.
        let squares = [0..<8, 6..<14].map { whole.decode(latents.slice(axis: 1, $0)) }
        func rows(_ picture: Tensor, _ range: Range<Int>) -> [Float] {
            picture.slice(axis: 1, range).values
        }
        let picture = tiled.decode(latents)
        #expect(picture.shape == [1, 56, 32, 3])
        #expect(rows(picture, 0..<24) == rows(squares[0], 0..<24))
        #expect(rows(picture, 32..<56) == rows(squares[1], 8..<32))
        let (upper, lower) = (rows(squares[0], 24..<32), rows(squares[1], 0..<8))
        for (index, pixel) in rows(picture, 24..<32).enumerated() {
            let bounds = min(upper[index], lower[index])...max(upper[index], lower[index])
            #expect(bounds.contains(pixel) || abs(pixel - bounds.lowerBound) < 1e-5)
        }
        let small = latents.slice(axis: 1, 0..<8)
        #expect(tiled.decode(small).values == whole.decode(small).values)
        #expect(throws: (any Error).self) {
            let _: any VAE = try fixture.load(.vae, "autoencoder_kl", ["tile": .integer(3)])
        }
    }

    @Test(arguments: [
        ("act_fn", SettingValue.string("mish")),
        ("shift_factor", .number(0.1)),
        ("latents_mean", .array([.number(0.5)])),
        ("down_block_types", .array([.string("AttnDownEncoderBlock2D")])),
        ("up_block_types", .array([.string("UpDecoderBlock2D")])),
        ("norm_num_groups", .integer(3)),
    ])
    func refusesByName(key: String, value: SettingValue) throws {
        let fixture = try StageFixture("vae")
        try expectRefusal(of: key, value, fixture, .vae, "autoencoder_kl")
    }
}

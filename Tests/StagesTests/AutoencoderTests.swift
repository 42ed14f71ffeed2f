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

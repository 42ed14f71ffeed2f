import Checkpoints
import Stages
import Tensors
import TestSupport
import Testing

@Suite struct UNetTests {
    @Test(arguments: ["unet-linear", "unet-conv"])
    func agreesWithDiffusers(name: String) throws {
        let fixture = try StageFixture(name)
        let unet: any UNet = try fixture.load(.unet, "stable_diffusion_unet")
        let output = unet.predict(
            try fixture["latents"], timesteps: try fixture.numbers("timesteps"),
            conditioning: try fixture["conditioning"])
        expectClose(output, try fixture["output"], relative: 1e-4)
        #expect(unet.latentChannels == 4)
        #expect(unet.conditioningWidth == 10)
    }

    /// The samples of a batch, each under its own timestep and conditioning, do not mix.
    @Test func aSampleDoesNotDependOnItsBatch() throws {
        let fixture = try StageFixture("unet-linear")
        let unet: any UNet = try fixture.load(.unet, "stable_diffusion_unet")
        let latents = try fixture["latents"]
        let timesteps = try fixture.numbers("timesteps")
        let conditioning = try fixture["conditioning"]
        for sample in 0..<2 {
            let alone = unet.predict(
                latents.slice(axis: 0, sample..<sample + 1), timesteps: [timesteps[sample]],
                conditioning: conditioning.slice(axis: 0, sample..<sample + 1))
            expectClose(
                alone, try fixture["output"].slice(axis: 0, sample..<sample + 1), relative: 1e-4)
        }
    }

    @Test(arguments: [
        ("act_fn", SettingValue.string("mish")),
        ("dual_cross_attention", .boolean(true)),
        ("class_embed_type", .string("timestep")),
        ("only_cross_attention", .boolean(true)),
        ("down_block_types", .array([.string("DownBlock2D"), .string("KDownBlock2D")])),
        ("up_block_types", .array([.string("UpBlock2D")])),
        ("attention_head_dim", .integer(5)),
        ("norm_num_groups", .integer(4)),
    ])
    func refusesByName(key: String, value: SettingValue) throws {
        let fixture = try StageFixture("unet-linear")
        try expectRefusal(of: key, value, fixture, .unet, "stable_diffusion_unet")
    }
}

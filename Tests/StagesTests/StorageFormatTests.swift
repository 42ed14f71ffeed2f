import Checkpoints
import Stages
import Tensors
import TestSupport
import Testing

/// Half-precision weights give what the same rounded numbers give in 32 bits: nothing but the
/// storage differs.
@Suite struct StorageFormatTests {
    @Test(arguments: [WeightFormat.float16, .bfloat16])
    func languageModel(format: WeightFormat) throws {
        try compare("llama", format) { fixture, folder in
            let llama: any LanguageModel = try loadStage(.languageModel, "llama", folder)
            let ids = try fixture.numbers("ids").map { Int($0) }
            return llama.logits(llama.forward(llama.embed(ids), state: llama.makeState()))
        }
    }

    @Test(arguments: [WeightFormat.float16, .bfloat16])
    func adapters(format: WeightFormat) throws {
        try compare("llama-lora", format) { fixture, folder in
            let llama: any LanguageModel = try loadStage(.languageModel, "llama", folder)
            let ids = try fixture.numbers("ids").map { Int($0) }
            return llama.forward(llama.embed(ids), state: llama.makeState())
        }
    }

    @Test(arguments: [WeightFormat.float16, .bfloat16])
    func imageEncoder(format: WeightFormat) throws {
        try compare("image-encoder", format) { fixture, folder in
            let encoder: any ImageEncoder = try loadStage(.imageEncoder, "eva_qformer", folder)
            return encoder.encode(try fixture["pixels"])
        }
    }

    @Test(arguments: [WeightFormat.float16, .bfloat16])
    func mapper(format: WeightFormat) throws {
        try compare("mapper", format) { fixture, folder in
            let mapper: any FeatureMapper = try loadStage(.featureMapper, "voken_mapper", folder)
            return mapper.map(try fixture["hidden"])
        }
    }

    @Test(arguments: [WeightFormat.float16, .bfloat16])
    func unet(format: WeightFormat) throws {
        try compare("unet-conv", format) { fixture, folder in
            let unet: any UNet = try loadStage(.unet, "stable_diffusion_unet", folder)
            return unet.predict(
                try fixture["latents"], timesteps: try fixture.numbers("timesteps"),
                conditioning: try fixture["conditioning"])
        }
    }

    @Test(arguments: [WeightFormat.float16, .bfloat16])
    func autoencoder(format: WeightFormat) throws {
        try compare("vae", format) { fixture, folder in
            let vae: any VAE = try loadStage(.vae, "autoencoder_kl", folder)
            return vae.decode(try fixture["latents"])
        }
    }

    private func compare(
        _ name: String, _ format: WeightFormat,
        _ run: (StageFixture, ModelFolder) throws -> Tensor
    ) throws {
        let fixture = try StageFixture(name)
        let outputs = try [true, false].map { widened in
            try withChangedModel(
                fixture.folder,
                weights: {
                    $0.map { name, weight in
                        let half = Weight(weight.tensor(), format: format)
                        return (name, widened ? Weight(half.tensor()) : half)
                    }
                },
                { folder in try run(fixture, ModelFolder.open(folder)) })
        }
        expectClose(outputs[1], outputs[0], relative: 1e-5)
    }
}

import Checkpoints
import Foundation
import Stages
import Tensors
import TestSupport
import Testing

/// Which parameters the stages ask for at the sizes of the published models: counted without any
/// weights, against the files' own tensors and numbers.
@Suite struct FullSizeTests {
    struct Model: CustomTestStringConvertible, Sendable {
        let file: String
        let kind: StageKind
        let stage: String
        let tensors: Int
        let numbers: Int
        var settings: [String: SettingValue] = [:]
        var testDescription: String { file }
    }

    static let tokenizer = SettingValue.string(fixture("models/llama/tokenizer.model").path)

    @Test(arguments: [
        // EVA 511, its norm 2, queries 1, Q-Former 254, projection 2.
        Model(
            file: "image-encoder", kind: .imageEncoder, stage: "eva_qformer", tensors: 770,
            numbers: 985_894_528 + 27_392 + 105_137_664 + 3_149_824),
        Model(
            file: "llama", kind: .languageModel, stage: "llama", tensors: 291,
            numbers: 6_738_489_344, settings: ["tokenizer": tokenizer]),
        Model(
            file: "llama-lora", kind: .languageModel, stage: "llama", tensors: 291 + 128,
            numbers: 6_738_489_344 + 4_194_304, settings: ["tokenizer": tokenizer]),
        // The perceptron 4, queries 1, the transformer 124.
        Model(
            file: "mapper", kind: .featureMapper, stage: "voken_mapper", tensors: 129,
            numbers: 122_899_456),
        Model(
            file: "unet", kind: .unet, stage: "stable_diffusion_unet", tensors: 686,
            numbers: 865_910_724),
        Model(
            file: "vae", kind: .vae, stage: "autoencoder_kl", tensors: 248, numbers: 83_653_863),
        Model(
            file: "text-encoder", kind: .textEncoder, stage: "clip_text", tensors: 372,
            numbers: 340_387_840,
            settings: ["tokenizer": .string(fixture("models/tokenizer").path)]),
    ])
    func asksForWhatWasPublished(model: Model) throws {
        let file = fixture("full-size/\(model.file).json")
        guard case .table(let members) = try JSON.parse([UInt8](Data(contentsOf: file))) else {
            throw CocoaError(.fileReadCorruptFile)
        }
        let (folder, recorder) = ModelFolder.recording(configuration: Settings(members))
        let _: any Stage = try loadStage(model.kind, model.stage, folder, model.settings)
        let parameters = recorder.parameters
        #expect(parameters.count == model.tensors)
        #expect(parameters.reduce(0) { $0 + $1.shape.count } == model.numbers)
        for (name, shape) in Self.samples[model.file] ?? [] {
            #expect(parameters.first { $0.name == name }?.shape == shape, "\(name)")
        }
    }

    /// Names and shapes from the published files, one of each kind.
    static let samples: [String: [(String, Shape)]] = [
        "image-encoder": [
            ("blocks.38.attn.qkv.weight", [4224, 1408]),
            ("blocks.38.mlp.fc1.weight", [6144, 1408]),
            ("pos_embed", [1, 257, 1408]),
            ("Qformer.bert.encoder.layer.10.crossattention.self.key.weight", [768, 1408]),
            ("Qformer.bert.encoder.layer.11.output_query.dense.weight", [768, 3072]),
            ("llama_proj.weight", [4096, 768]),
        ],
        "llama": [
            ("model.embed_tokens.weight", [32009, 4096]),
            ("model.layers.31.mlp.down_proj.weight", [4096, 11008]),
            ("lm_head.weight", [32009, 4096]),
        ],
        "llama-lora": [
            (
                "base_model.model.model.layers.31.self_attn.v_proj.lora_B.default.weight",
                [4096, 8]
            )
        ],
        "mapper": [
            ("llm_to_t2i_mapping.decoder.layers.3.multihead_attn.in_proj_weight", [3072, 1024]),
            ("t2i_decoder_prompt", [1, 77, 1024]),
        ],
        "unet": [
            ("up_blocks.1.resnets.2.conv1.weight", [1280, 1920, 3, 3]),
            ("up_blocks.2.resnets.2.conv_shortcut.weight", [640, 960, 1, 1]),
            (
                "down_blocks.2.attentions.1.transformer_blocks.0.attn2.to_k.weight", [1280, 1024]
            ),
        ],
        "vae": [
            ("decoder.up_blocks.2.resnets.0.conv_shortcut.weight", [256, 512, 1, 1]),
            ("encoder.mid_block.attentions.0.to_out.0.weight", [512, 512]),
        ],
        "text-encoder": [
            ("text_model.encoder.layers.22.mlp.fc2.weight", [1024, 4096]),
            ("text_model.embeddings.position_embedding.weight", [77, 1024]),
        ],
    ]
}

import Checkpoints
public import Pipelines
import Stages

/// The sizes of a pipeline's models, without their weights.
public struct Geometry: Sendable {
    public let name: String
    let stages: [StageKind: Model]

    struct Model: Sendable {
        /// The stage's name in its plugin.
        let plugin: String
        let configuration: [String: SettingValue]
    }

    /// No models at all: for single operations.
    public static let none = Geometry(name: "operations", stages: [:])

    /// The published sizes of MiniGPT-5: EVA ViT-g of 39 blocks and BLIP-2's Q-Former, LLaMA-7B with
    /// the nine added tokens, the mapper, and Stable Diffusion 2.1-base.
    public static let minigpt5 = Geometry(
        name: "minigpt5",
        stages: [
            .imageEncoder: Model("eva_qformer", evaQFormer),
            .languageModel: Model("llama", llama7B),
            .featureMapper: Model("voken_mapper", mapper),
            .unet: Model("stable_diffusion_unet", unet21),
            .vae: Model("autoencoder_kl", autoencoder21),
        ])

    /// The sizes of a pipeline's models, whose weights are not looked at.
    public init(of file: PipelineFile) throws(PipelineError) {
        var stages: [StageKind: Model] = [:]
        for kind in StageKind.allCases where kind != .scheduler {
            guard let (plugin, model) = try file.configuration(of: kind) else { continue }
            stages[kind] = Model(plugin: plugin, configuration: model.values)
        }
        self.init(name: file.name, stages: stages)
    }

    private init(name: String, stages: [StageKind: Model]) {
        self.name = name
        self.stages = stages
    }

    private static let evaQFormer = """
        {"image_size": 224, "patch_size": 14, "width": 1408, "depth": 39, "heads": 16,
         "mlp_hidden": 6144, "layer_norm_eps": 1e-6, "projection_dim": 4096,
         "qformer": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
                     "intermediate_size": 3072, "layer_norm_eps": 1e-12, "query_tokens": 32,
                     "cross_attention_frequency": 2}}
        """

    private static let llama7B = """
        {"vocab_size": 32009, "hidden_size": 4096, "intermediate_size": 11008,
         "num_hidden_layers": 32, "num_attention_heads": 32, "rms_norm_eps": 1e-6,
         "max_position_embeddings": 2048, "hidden_act": "silu"}
        """

    private static let mapper = """
        {"input_dim": 4096, "d_model": 1024, "heads": 8, "encoder_layers": 4,
         "decoder_layers": 4, "feed_forward": 4096, "queries": 77, "vokens": 8}
        """

    private static let unet21 = """
        {"sample_size": 64, "in_channels": 4, "out_channels": 4,
         "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2,
         "attention_head_dim": [5, 10, 20, 20], "cross_attention_dim": 1024,
         "use_linear_projection": true, "norm_num_groups": 32, "norm_eps": 1e-5,
         "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                              "CrossAttnDownBlock2D", "DownBlock2D"],
         "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
                            "CrossAttnUpBlock2D"]}
        """

    private static let autoencoder21 = """
        {"in_channels": 3, "out_channels": 3, "latent_channels": 4, "layers_per_block": 2,
         "block_out_channels": [128, 256, 512, 512], "norm_num_groups": 32,
         "scaling_factor": 0.18215,
         "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                              "DownEncoderBlock2D"],
         "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                            "UpDecoderBlock2D"]}
        """
}

extension Geometry.Model {
    /// - Parameter json: the object that the model's `config.json` would hold.
    init(_ plugin: String, _ json: String) {
        guard case .table(let members)? = try? JSON.parse(Array(json.utf8)) else {
            preconditionFailure("not a JSON object: \(json)")
        }
        self.init(plugin: plugin, configuration: members)
    }
}

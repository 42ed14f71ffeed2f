import Checkpoints

/// Sizes of the text tower, from the `config.json` of transformers' `CLIPTextModel`.
struct ClipTextConfiguration: Sendable {
    let vocabulary, width, mlpHidden, layers, heads: Int
    /// Positions; captions are cut or padded to as many.
    let length: Int
    let epsilon: Float
    let activation: Activation

    /// OpenAI's CLIP approximates the GELU; OpenCLIP's towers, such as Stable Diffusion 2's, don't.
    enum Activation: String, CaseIterable {
        case gelu
        case quickGELU = "quick_gelu"
    }

    init(_ c: Settings) throws(SettingError) {
        vocabulary = try c.extent("vocab_size")
        width = try c.extent("hidden_size")
        mlpHidden = try c.extent("intermediate_size")
        layers = try c.extent("num_hidden_layers")
        heads = try c.extent("num_attention_heads")
        length = try c.integer("max_position_embeddings", default: 77, in: 2...8192)
        epsilon = Float(try c.number("layer_norm_eps", default: 1e-5, in: 0...1))
        activation = try c.choice("hidden_act", default: .quickGELU)
        try c.requireDivides("num_attention_heads", heads, width, of: "the text tower")
    }
}

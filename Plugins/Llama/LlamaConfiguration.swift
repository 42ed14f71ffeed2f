import Checkpoints

/// Sizes of a LLaMA, from the `config.json` of `LlamaForCausalLM`.
struct LlamaConfiguration: Sendable {
    /// Rows of the embedding table, added tokens included.
    let vocabulary: Int
    let width, feedForward, layers: Int
    /// Query heads, and the heads of keys and values that groups of them share.
    let heads, keyValueHeads: Int
    let headWidth: Int
    let epsilon: Float
    let positions: LlamaPositions
    let contextLength: Int
    /// Whether the output matrix is the embedding table.
    let tied: Bool
    let lora: LoRAConfiguration?

    init(_ c: Settings) throws(SettingError) {
        vocabulary = try c.extent("vocab_size")
        width = try c.extent("hidden_size")
        feedForward = try c.extent("intermediate_size")
        layers = try c.extent("num_hidden_layers")
        heads = try c.extent("num_attention_heads")
        keyValueHeads = try c.extent("num_key_value_heads", default: heads)
        headWidth = try c.extent("head_dim", default: max(width / heads, 1))
        epsilon = Float(try c.number("rms_norm_eps", default: 1e-6, in: 0...1))
        contextLength = try c.extent("max_position_embeddings", default: 2048)
        tied = try c.boolean("tie_word_embeddings", default: false)
        positions = try LlamaPositions(c, headWidth: headWidth, contextLength: contextLength)
        if case .table = c.value("lora") {
            lora = try LoRAConfiguration(c.table("lora"))
        } else {
            lora = nil
        }

        try c.requireOneOf("hidden_act", "silu")
        try c.requireOneOf("attention_bias", false)
        try c.requireOneOf("mlp_bias", false)
        try c.requireDivides("num_attention_heads", heads, heads * headWidth, of: "a layer")
        guard heads.isMultiple(of: keyValueHeads) else {
            throw c.error(
                "num_key_value_heads", "\(keyValueHeads) does not divide the \(heads) query heads")
        }
        guard headWidth.isMultiple(of: 2) else {
            throw c.error("head_dim", "rotary positions need an even width, not \(headWidth)")
        }
    }
}

/// The low-rank adapters of a model, under the names of PEFT's `LoraConfig`; MiniGPT-5's values
/// where the file is silent.
struct LoRAConfiguration: Sendable {
    let rank: Int
    let scale: Float
    let targets: [String]

    init(_ c: Settings) throws(SettingError) {
        rank = try c.extent("r", default: 8)
        scale = Float(try c.number("lora_alpha", default: 16)) / Float(rank)
        targets = try c.strings("target_modules", default: ["q_proj", "v_proj"])
        try c.requireOneOf("bias", "none")
        try c.requireOneOf("use_rslora", false)
        try c.requireOneOf("use_dora", false)
    }
}

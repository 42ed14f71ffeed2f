import Checkpoints

/// A LLaMA's `config.json` from the metadata of a GGUF file (ggml's `docs/gguf.md`, "LLaMA").
struct GGUFConfiguration {
    let values: [String: SettingValue]

    init(_ gguf: GGUF) throws {
        let m = gguf.metadata
        try Self.refuseVariants(m, gguf)
        let heads = try m.extent("llama.attention.head_count")
        let width = try m.extent("llama.embedding_length")
        guard width.isMultiple(of: heads) else {
            throw m.error("llama.attention.head_count", "\(heads) does not divide \(width)")
        }
        let headWidth = try m.extent(
            "llama.attention.key_length",
            default: try m.extent("llama.rope.dimension_count", default: width / heads))
        guard let rows = gguf.extents(of: "token_embd.weight")?.first else {
            throw ImportError.refused("\(gguf.path) has no tensor token_embd.weight")
        }
        var values: [String: SettingValue] = [
            "architectures": .array(["LlamaForCausalLM"]),
            "model_type": "llama",
            "hidden_act": "silu",
            "attention_bias": false,
            "mlp_bias": false,
            "vocab_size": .integer(rows),
            "hidden_size": .integer(width),
            "intermediate_size": .integer(try m.extent("llama.feed_forward_length")),
            "num_hidden_layers": .integer(try m.extent("llama.block_count")),
            "num_attention_heads": .integer(heads),
            "num_key_value_heads": .integer(
                try m.extent("llama.attention.head_count_kv", default: heads)),
            "head_dim": .integer(headWidth),
            "max_position_embeddings": .integer(try m.extent("llama.context_length")),
            "rms_norm_eps": .number(try m.number("llama.attention.layer_norm_rms_epsilon")),
            "rope_theta": .number(try m.number("llama.rope.freq_base", default: 10_000)),
            "tie_word_embeddings": .boolean(gguf.extents(of: "output.weight") == nil),
        ]
        for (key, name) in [
            ("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding"),
        ] {
            if case .integer(let id)? = m.value("tokenizer.ggml.\(name)_token_id") {
                values[key] = .integer(id)
            }
        }
        self.values = values
    }

    /// What changes the model without changing its tensors.
    private static func refuseVariants(_ m: Settings, _ gguf: GGUF) throws {
        let scaling = try m.string("llama.rope.scaling.type", default: "none")
        guard scaling == "none" else {
            throw m.error(
                "llama.rope.scaling.type",
                "\"\(scaling)\" is not supported in a GGUF file; take the transformers folder of "
                    + "the same model")
        }
        guard gguf.tensors["rope_freqs.weight"] == nil else {
            throw ImportError.refused(
                "\(gguf.path) has its own rotary frequencies (rope_freqs.weight, of Llama 3.1 and "
                    + "later); take the transformers folder of the same model")
        }
        guard try m.integer("llama.expert_count", default: 0) == 0 else {
            throw m.error("llama.expert_count", "a mixture of experts is not supported")
        }
    }
}

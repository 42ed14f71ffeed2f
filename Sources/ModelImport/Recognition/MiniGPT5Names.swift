/// The names of MiniGPT-5's Lightning checkpoints, which have a leading `model.` or none.
enum MiniGPT5Names {
    private static let roots = [
        "llama_model.", "fc.", "llm_to_t2i_mapping.", "t2i_decoder_prompt", "prefix_encoder.",
    ]

    /// A name without the leading `model.` that wraps MiniGPT-5's; others unchanged.
    static func plain(_ name: String) -> String {
        guard name.hasPrefix("model.") else { return name }
        let rest = name.dropFirst("model.".count)
        return roots.contains { rest.hasPrefix($0) } ? String(rest) : name
    }

    /// What a tensor is that was trained beside a language model, or for it.
    enum Role: Equatable {
        case embeddings, head
        /// `A` or `B` of the adapter of a projection, such as `model.layers.0.self_attn.q_proj`.
        case adapter(projection: String, isDown: Bool)
        /// A copy of the base model's, which a trained one took the place of.
        case original
    }

    /// By MiniGPT-5's names, and by PEFT's without MiniGPT-5's around them.
    /// - Parameter name: without the leading `model.`.
    /// - Returns: `nil` for other tensors.
    static func role(_ name: String) -> Role? {
        let isWrapped = name.hasPrefix("llama_model.")
        let inner = isWrapped ? String(name.dropFirst("llama_model.".count)) : name
        guard inner.hasPrefix("base_model.model.") else {
            guard isWrapped else { return nil }
            return switch inner {
            case "model.embed_tokens.weight": .embeddings
            case "lm_head.weight": .head
            default: nil
            }
        }
        let module = String(inner.dropFirst("base_model.model.".count))
        if module.hasSuffix(".original_module.weight") { return .original }
        switch module {
        case "model.embed_tokens.modules_to_save.default.weight": return .embeddings
        case "lm_head.modules_to_save.default.weight": return .head
        default: break
        }
        for (matrix, isDown) in [("lora_A", true), ("lora_B", false)] {
            for suffix in [".\(matrix).default.weight", ".\(matrix).weight"]
            where module.hasSuffix(suffix) {
                return .adapter(
                    projection: String(module.dropLast(suffix.count)), isDown: isDown)
            }
        }
        return nil
    }
}

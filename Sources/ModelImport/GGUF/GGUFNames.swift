/// The names that llama.cpp gives to a LLaMA's tensors.
enum GGUFNames {
    private static let outer = [
        "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
    ]
    private static let inner = [
        "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ]

    /// The name in transformers; a name that is not known stays.
    static func published(_ name: String) -> String {
        let parts = name.split(separator: ".").map(String.init)
        if parts.count == 2, parts[1] == "weight", let outer = outer[parts[0]] {
            return outer + ".weight"
        }
        if parts.count == 4, parts[0] == "blk", parts[3] == "weight", let inner = inner[parts[2]] {
            return "model.layers.\(parts[1]).\(inner).weight"
        }
        return name
    }
}

import Layers
import Tensors

/// Where the low-rank adapters go when a model is loaded.
enum LoRAPlacement: String, CaseIterable {
    /// Beside the matrices, which stay in their file: more arithmetic, no rounding, no copy.
    case apart
    /// Into copies of the matrices.
    case merged
}

/// The parameters of a LLaMA and of its adapters, by the names of a plain `LlamaForCausalLM`.
struct LlamaParameters {
    let base: Parameters
    let lora: LoRAConfiguration?
    let placement: LoRAPlacement

    /// What published files hold beside the parameters: tables of rotary frequencies, and the
    /// tables that trained ones took the place of.
    static let unneeded = [
        "*.rotary_emb.inv_freq", "*.original_module.weight", "model.embed_tokens.weight",
        "lm_head.weight",
    ]

    /// A projection, with its adapter if the configuration targets it.
    /// - Parameter path: the block's part, such as `model.layers.0.mlp`.
    func projection(
        _ path: String, _ name: String, _ inputs: Int, _ outputs: Int
    ) throws(ParameterError) -> LowRankLinear {
        let linear = try Linear(base[path][name], inputs, outputs, bias: false)
        guard let lora, lora.targets.contains(name) else { return LowRankLinear(linear) }
        let adapter = adapters[path][name]
        let down = try adapter.matrix(adapterName("lora_A", adapter), [lora.rank, inputs])
        let up = try adapter.matrix(adapterName("lora_B", adapter), [outputs, lora.rank])
        let apart = LowRankLinear(linear, down: down, up: up, scale: lora.scale)
        return placement == .merged ? apart.merged() : apart
    }

    /// The place of the embedding table or of the output matrix. One that was trained beside
    /// adapters (PEFT's `modules_to_save`) takes the place of the base model's.
    func vocabulary(_ path: String) -> Parameters {
        let saved = adapters[path]["modules_to_save.default"]
        return lora != nil && saved.contains("weight") ? saved : base[path]
    }

    /// MiniGPT-5's own files wrap PEFT's names once more.
    private var adapters: Parameters {
        let wrapped = base["model.llama_model.base_model.model"]
        let first = "model.layers.0.self_attn.\(lora?.targets.first ?? "q_proj")"
        return wrapped[first].contains("lora_A.default.weight")
            ? wrapped : base["base_model.model"]
    }

    /// Within a model the adapter's own name, `default`, is part of the key; PEFT's files drop it.
    private func adapterName(_ matrix: String, _ adapter: Parameters) -> String {
        adapter.contains("\(matrix).weight") ? "\(matrix).weight" : "\(matrix).default.weight"
    }
}

/// Tells weights by the names of their tensors, never by a file's name.
struct KeyRecognition {
    private let names: Set<String>

    /// - Parameter names: as in the file.
    init(_ names: some Sequence<String>) { self.names = Set(names.map(MiniGPT5Names.plain)) }

    /// - Throws: for weights that are known, and known not to be of use.
    var kind: PublishedKind? {
        get throws(ImportError) {
            try refuseKnownOthers()
            if has("llm_to_t2i_mapping.") { return try mapperKind() }
            if names.contains("llama_model.model.embed_tokens.weight") {
                throw .refused(
                    "it has MiniGPT-5's tables, but no feature mapper (llm_to_t2i_mapping.…): the "
                        + "file is cut short, or was saved without it")
            }
            if names.contains("model.embed_tokens.weight")
                || names.contains("token_embd.weight")
            {
                return .llama
            }
            if names.contains("conv_in.weight"), has("time_embedding."), has("down_blocks.") {
                return .unet
            }
            if names.contains("decoder.conv_in.weight"), has("encoder.down_blocks.") {
                return .vae
            }
            if names.contains("embeddings.token_embedding.weight")
                || names.contains("text_model.embeddings.token_embedding.weight")
            {
                return .textEncoder
            }
            return imageEncoderKind()
        }
    }

    private func mapperKind() throws(ImportError) -> PublishedKind? {
        if has("prefix_encoder.") {
            throw .refused(
                "it is the variant of MiniGPT-5 with prefix tuning, which is not supported; take a "
                    + "checkpoint with LoRA")
        }
        if has("llama_model.base_model.") { return .miniGPT5Stage2 }
        let hasPerceptron = names.contains("fc.0.weight")
        if has("llama_model.") { return hasPerceptron ? .miniGPT5Stage1 : .miniGPT5Stage2 }
        guard hasPerceptron, names.contains("t2i_decoder_prompt") else {
            throw .refused(
                "it has a feature mapper's transformer without fc and t2i_decoder_prompt, and no "
                    + "tables of a language model: a part of a MiniGPT-5 checkpoint; take the whole "
                    + "file")
        }
        return .mapper
    }

    private func imageEncoderKind() -> PublishedKind? {
        let hasEVA =
            names.contains("cls_token") && has("blocks.") || has("visual_encoder.blocks.")
        let hasQFormer = names.contains("query_tokens") && has("Qformer.bert.")
        let hasProjection = names.contains("llama_proj.weight")
        return switch (hasEVA, hasQFormer, hasProjection) {
        case (true, true, true): .imageEncoder
        case (true, false, false): .eva
        case (false, true, _): .blip2
        case (false, false, true): .projection
        default: nil
        }
    }

    /// Files that people try, each with what to take instead.
    private func refuseKnownOthers() throws(ImportError) {
        if has("model.diffusion_model.") {
            throw .refused(
                "it is Stable Diffusion as one file, in the original layout; take the diffusers "
                    + "folder of the same model (model_index.json, unet, vae, …)")
        }
        if has("base_model.model."), !names.contains("model.embed_tokens.weight") {
            throw .refused(
                "it holds low-rank adapters (PEFT) without the model that they belong to; merge "
                    + "them into it with peft, or take a MiniGPT-5 stage-2 checkpoint")
        }
        if names.contains("transformer.wte.weight") || has("transformer.h.") {
            throw .refused("it is a GPT-2 or a relative of it; language models here are LLaMAs")
        }
    }

    private func has(_ prefix: String) -> Bool { names.contains { $0.hasPrefix(prefix) } }
}

import Checkpoints
import Stages
import Tokenizers

// A LLaMA, with what MiniGPT-5 has trained for it.
extension StagePlan {
    /// - Parameters:
    ///   - checkpoint: the last stage of MiniGPT-5's training, if there is one.
    ///   - mergesAdapters: whether low-rank adapters go into the matrices.
    static func languageModel(
        _ base: PublishedPart, checkpoint: PublishedPart?, mergesAdapters: Bool
    ) throws -> StagePlan {
        var plan = StagePlan(.languageModel, plugin: "llama", try base.requireConfiguration())
        var trained: [(role: MiniGPT5Names.Role, origin: TensorOrigin)] = []
        for (name, origin) in base.origins {
            if let role = MiniGPT5Names.role(MiniGPT5Names.plain(name)) {
                trained.append((role, origin))
            } else if base.gguf != nil {
                try plan.addGGUF(name, origin)
            } else {
                plan.tensors[name] = origin
            }
        }
        try plan.addTokenizer(of: base)
        if let checkpoint {
            try plan.takeTables(of: checkpoint, base: base)
            trained = checkpoint.origins.compactMap { name, origin in
                MiniGPT5Names.role(MiniGPT5Names.plain(name)).map { ($0, origin) }
            }
        }
        try plan.overlay(trained, merging: mergesAdapters)
        try plan.settle(hasCheckpoint: checkpoint != nil)
        return plan
    }

    private mutating func addGGUF(_ name: String, _ origin: TensorOrigin) throws {
        var origin = origin
        let counts = [
            ".attn_q.weight": "num_attention_heads", ".attn_k.weight": "num_key_value_heads",
        ]
        for (suffix, key) in counts where name.hasSuffix(suffix) {
            guard case .integer(let heads)? = configuration[key], let rows = origin.extents.first,
                rows.isMultiple(of: 2 * heads)
            else { throw ImportError.refused("\(origin.file.path): \(name) is not of whole heads") }
            origin.interleavedHeads = heads
        }
        tensors[GGUFNames.published(name)] = origin
    }

    private mutating func addTokenizer(of base: PublishedPart) throws {
        if let gguf = base.gguf {
            let tokenizer = try GGUFTokenizer(gguf)
            let path = "\(folder)/\(tokenizer.fileName)"
            files.append(File(path: path, contents: tokenizer.contents))
            self.tokenizer = path
            return
        }
        for name in ["tokenizer.model", "tokenizer.json"] {
            if try copy("\(base.folder)/\(name)", to: "\(folder)/\(name)"), tokenizer == nil {
                tokenizer = "\(folder)/\(name)"
            }
        }
        guard tokenizer != nil else {
            throw ImportError.refused(
                "\(base.folder) has no tokenizer.model or tokenizer.json: take the folder as it was "
                    + "published")
        }
        for name in ["tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"] {
            try copy("\(base.folder)/\(name)", to: "\(folder)/\(name)")
        }
    }

    /// Tables take the place of the base's; adapters go beside the matrices, under PEFT's names, or
    /// into them.
    private mutating func overlay(
        _ trained: [(role: MiniGPT5Names.Role, origin: TensorOrigin)], merging: Bool
    ) throws {
        var adapters: [String: (down: TensorOrigin?, up: TensorOrigin?)] = [:]
        for (role, origin) in trained {
            switch role {
            case .embeddings: tensors["model.embed_tokens.weight"] = origin
            case .head: tensors["lm_head.weight"] = origin
            case .adapter(let projection, let isDown):
                if isDown {
                    adapters[projection, default: (nil, nil)].down = origin
                } else {
                    adapters[projection, default: (nil, nil)].up = origin
                }
            case .original: break
            }
        }
        guard !adapters.isEmpty else {
            configuration["lora"] = nil
            return
        }
        let given =
            if case .table(let table)? = configuration["lora"] { table } else {
                [:] as [String: SettingValue]
            }
        let alpha = if case .integer(let alpha)? = given["lora_alpha"] { alpha } else { 16 }
        var rank: Int?
        for (projection, adapter) in adapters.sorted(by: { $0.key < $1.key }) {
            let name = projection + ".weight"
            guard let down = adapter.down, let up = adapter.up, let own = down.extents.first,
                rank ?? own == own, own > 0, tensors[name] != nil
            else {
                throw ImportError.refused(
                    "the adapter of \(projection) is not whole, of another rank than the others, or "
                        + "of a matrix that the base does not have")
            }
            rank = own
            if merging {
                tensors[name]?.correction = TensorOrigin.Correction(
                    down: (down.file, down.name), up: (up.file, up.name),
                    scale: Float(alpha) / Float(own))
            } else {
                tensors["base_model.model.\(projection).lora_A.weight"] = down
                tensors["base_model.model.\(projection).lora_B.weight"] = up
            }
        }
        let targets = Set(adapters.keys.compactMap { $0.split(separator: ".").last })
        configuration["lora"] =
            merging
            ? nil
            : .table([
                "r": .integer(rank ?? 0), "lora_alpha": .integer(alpha), "bias": "none",
                "target_modules": .array(targets.sorted().map { .string(String($0)) }),
            ])
    }

    /// What follows from the tables that the model ends up with.
    private mutating func settle(hasCheckpoint: Bool) throws {
        guard let rows = tensors["model.embed_tokens.weight"]?.extents.first else { return }
        if hasCheckpoint {
            configuration["tie_word_embeddings"] = false
            configuration["vocab_size"] = .integer(rows)
        }
        if try !hasVokens(rows: rows) { settings["text_only"] = true }
    }

    /// Whether the last rows of the tables are MiniGPT-5's added tokens.
    private func hasVokens(rows: Int) throws -> Bool {
        guard let path = tokenizer, let file = files.first(where: { $0.path == path }) else {
            return false
        }
        guard path.hasSuffix(".model") else {
            // The beginning and the end matter to prompts alone.
            return try BytePairTokenizer(
                json: file.contents, rows: rows, special: SpecialIDs(beginning: 0, end: 0)
            ).hasVokens
        }
        guard let pieces, rows - pieces >= 9 else { return false }
        guard let added = files.first(where: { $0.path == "\(folder)/added_tokens.json" }),
            case .table(let names)? = try? JSON.parse(added.contents)
        else { return true }
        return names["[IMG0]"] != nil
    }
}

import Checkpoints
import Stages

// The image encoder of MiniGPT-4, from the three files that it is published as, or whole.
extension StagePlan {
    /// - Parameter languageWidth: of the language model that comes with it, if one does.
    static func imageEncoder(
        _ parts: [PublishedPart], languageWidth: Int?
    ) throws -> StagePlan {
        try requireWhole(parts)
        for part in parts { try requireProjection(part, languageWidth) }
        let given = parts.compactMap(\.configuration).first { $0["qformer"] != nil }
        var plan = StagePlan(
            .imageEncoder, plugin: "eva_qformer", try given ?? ImageEncoderSizes(parts).values)
        for part in parts { try plan.add(part) }
        return plan
    }

    private static func requireWhole(_ parts: [PublishedPart]) throws(ImportError) {
        let kinds = parts.map(\.kind)
        for kind in Set(kinds) where kinds.count(where: { $0 == kind }) > 1 {
            let paths = parts.filter { $0.kind == kind }.map(\.path).joined(separator: " and ")
            throw .refused("\(paths) are both \(kind.text); name one of them")
        }
        guard !kinds.contains(.imageEncoder) else {
            guard kinds.count == 1 else {
                throw .refused(
                    "\(parts.map(\.path).joined(separator: ", ")): one of them is a whole image "
                        + "encoder already; leave the others out")
            }
            return
        }
        let files: [(PublishedKind, String)] = [
            (.eva, "eva_vit_g.pth"), (.blip2, "blip2_pretrained_flant5xxl.pth"),
            (.projection, "prerained_minigpt4_7b.pth"),
        ]
        // MiniGPT-4 saves the Q-Former and the projection in one file as well.
        let isProjected = parts.contains { $0.extents("llama_proj.weight") != nil }
        let missing = files.filter { kind, _ in
            kind == .projection ? !isProjected : !kinds.contains(kind)
        }
        guard missing.isEmpty else {
            let list = missing.map { "\($0.0.text) (\($0.1))" }.joined(separator: " and ")
            throw .refused(
                "an image encoder is made of three files, of which \(list) \(missing.count == 1 ? "is" : "are") "
                    + "missing; name all three in one command, or leave the stage out")
        }
    }

    /// A projection goes into one language model: MiniGPT-5's has 4,096 channels.
    private static func requireProjection(
        _ part: PublishedPart, _ languageWidth: Int?
    ) throws(ImportError) {
        guard let extents = part.extents("llama_proj.weight"), extents.count == 2 else { return }
        let width = extents[0]
        if let languageWidth, width != languageWidth {
            throw .refused(
                "\(part.path) projects into a language model of \(width) channels"
                    + (width == 5120 ? ", which is the 13B one" : "")
                    + "; the one here has \(languageWidth)\(languageWidth == 4096 ? ": take prerained_minigpt4_7b.pth" : "")"
            )
        }
        if languageWidth == nil, width == 5120 {
            throw .refused(
                "\(part.path) is the projection of the 13B model ([5120, \(extents[1])]); MiniGPT-5 "
                    + "is built on the 7B one: take prerained_minigpt4_7b.pth")
        }
    }
}

/// An image encoder's `config.json` from the shapes of the published files, and from what they do
/// not say: heads of 88 channels in EVA ViT-g, of 64 in the Q-Former (BERT-base).
struct ImageEncoderSizes {
    let values: [String: SettingValue]

    init(_ parts: [PublishedPart]) throws(ImportError) {
        func extents(_ names: String...) throws(ImportError) -> [Int] {
            for part in parts {
                for name in names {
                    if let extents = part.extents(name) { return extents }
                }
            }
            throw .refused("no file has the tensor \(names[0]), so the sizes are not known")
        }
        func count(_ prefixes: String...) -> Int {
            parts.flatMap { part in prefixes.map { part.count(below: $0) } }.max() ?? 0
        }
        func has(_ name: String) -> Bool { parts.contains { $0.extents(name) != nil } }

        let patch = try extents(
            "patch_embed.proj.weight", "visual_encoder.patch_embed.proj.weight")
        let positions = try extents("pos_embed", "visual_encoder.pos_embed")
        let hidden = try extents(
            "blocks.0.mlp.fc1.weight", "visual_encoder.blocks.0.mlp.fc1.weight")
        let queries = try extents("query_tokens")
        let feedForward = try extents(
            "Qformer.bert.encoder.layer.0.intermediate_query.dense.weight")
        let projection = try extents("llama_proj.weight")
        guard patch.count == 4, positions.count == 3, hidden.count == 2, queries.count == 3,
            feedForward.count == 2, projection.count == 2
        else { throw .refused("the image encoder's tensors have other shapes than published ones") }
        let (width, patchSize, qWidth) = (patch[0], patch[2], queries[2])
        let side = Int(Double(max(positions[1] - 1, 0)).squareRoot().rounded())
        let blocks = count("blocks.", "visual_encoder.blocks.")
        let layers = count("Qformer.bert.encoder.layer.")
        let frequency = (1..<max(layers, 2)).first { layer in
            has("Qformer.bert.encoder.layer.\(layer).crossattention.self.query.weight")
        }
        values = [
            "image_size": .integer(side * patchSize),
            "patch_size": .integer(patchSize),
            "width": .integer(width),
            // BLIP-2 leaves out the last of the 40 blocks that EVA has published.
            "depth": .integer(blocks == 39 ? 39 : blocks - 1),
            "heads": .integer(try Self.heads(of: width, each: 88, "EVA's vision transformer")),
            "mlp_hidden": .integer(hidden[0]),
            "layer_norm_eps": 1e-6,
            "ln_vision_eps": 1e-5,
            "projection_dim": .integer(projection[0]),
            "qformer": .table([
                "hidden_size": .integer(qWidth),
                "num_hidden_layers": .integer(layers),
                "num_attention_heads": .integer(
                    try Self.heads(of: qWidth, each: 64, "the Q-Former")),
                "intermediate_size": .integer(feedForward[0]),
                "layer_norm_eps": 1e-12,
                "query_tokens": .integer(queries[1]),
                "cross_attention_frequency": .integer(frequency ?? layers),
            ]),
        ]
    }

    private static func heads(
        of width: Int, each: Int, _ what: String
    ) throws(ImportError) -> Int {
        guard width.isMultiple(of: each) else {
            throw .refused(
                "\(what) has \(width) channels, which are not heads of \(each), as the published one "
                    + "has: put a config.json beside the file that gives its sizes "
                    + "(etc/doc/models.md)")
        }
        return width / each
    }
}

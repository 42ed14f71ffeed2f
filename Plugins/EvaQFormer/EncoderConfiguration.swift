import Checkpoints

/// Sizes of the image encoder's three parts, from `config.json`.
struct EncoderConfiguration: Sendable {
    let imageSize, patchSize: Int
    /// Of the vision transformer.
    let width, depth, heads, mlpHidden: Int
    let epsilon: Float
    /// Of the norm between the transformer and the Q-Former.
    let visionNormEpsilon: Float
    /// What each channel is normalised by; CLIP's, unless the file says otherwise.
    let mean, deviation: [Float]
    let qFormer: QFormerConfiguration
    /// The language model's width.
    let projectionWidth: Int

    var patches: Int { (imageSize / patchSize) * (imageSize / patchSize) }

    init(_ c: Settings) throws(SettingError) {
        imageSize = try c.extent("image_size")
        patchSize = try c.extent("patch_size")
        width = try c.extent("width")
        depth = try c.extent("depth")
        heads = try c.extent("heads")
        mlpHidden = try c.extent("mlp_hidden")
        epsilon = Float(try c.number("layer_norm_eps", default: 1e-6, in: 0...1))
        visionNormEpsilon = Float(try c.number("ln_vision_eps", default: 1e-5, in: 0...1))
        mean = try c.numbers(
            "image_mean", count: 3, default: [0.481_454_66, 0.457_827_5, 0.408_210_73])
        deviation = try c.numbers(
            "image_std", count: 3, default: [0.268_629_54, 0.261_302_58, 0.275_777_11])
        qFormer = try QFormerConfiguration(c.table("qformer"))
        projectionWidth = try c.extent("projection_dim")

        guard imageSize.isMultiple(of: patchSize) else {
            throw c.error("patch_size", "\(patchSize) does not divide image_size \(imageSize)")
        }
        try c.requireDivides("heads", heads, width, of: "the vision transformer")
        guard deviation.allSatisfy({ $0 > 0 }) else {
            throw c.error("image_std", "must be positive; found \(deviation)")
        }
    }
}

/// Sizes of the Q-Former, under the names of `BertConfig`.
struct QFormerConfiguration: Sendable {
    let width, layers, heads, mlpHidden: Int
    let epsilon: Float
    /// The positions that a picture takes in the language model.
    let queries: Int
    /// Every how many layers the queries look at the picture, beginning with layer 0.
    let crossAttentionFrequency: Int

    init(_ c: Settings) throws(SettingError) {
        width = try c.extent("hidden_size")
        layers = try c.extent("num_hidden_layers")
        heads = try c.extent("num_attention_heads")
        mlpHidden = try c.extent("intermediate_size")
        epsilon = Float(try c.number("layer_norm_eps", default: 1e-12, in: 0...1))
        queries = try c.extent("query_tokens")
        crossAttentionFrequency = try c.extent("cross_attention_frequency", default: 2)
        try c.requireDivides("num_attention_heads", heads, width, of: "the Q-Former")
    }
}

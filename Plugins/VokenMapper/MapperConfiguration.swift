import Checkpoints

/// Sizes of the feature mapper, from `config.json`.
struct MapperConfiguration: Sendable {
    /// Of the language model's states.
    let inputWidth: Int
    /// Of the transformer, and of the conditioning it gives.
    let width: Int
    let heads, encoderLayers, decoderLayers, feedForward: Int
    /// Rows of the conditioning.
    let queries: Int
    let vokens: Int
    let epsilon: Float

    init(_ c: Settings) throws(SettingError) {
        inputWidth = try c.extent("input_dim")
        width = try c.extent("d_model")
        heads = try c.extent("heads")
        encoderLayers = try c.extent("encoder_layers")
        decoderLayers = try c.extent("decoder_layers")
        feedForward = try c.extent("feed_forward")
        queries = try c.extent("queries")
        vokens = try c.extent("vokens")
        epsilon = Float(try c.number("layer_norm_eps", default: 1e-5, in: 0...1))
        try c.requireOneOf("activation", "relu")
        try c.requireOneOf("norm_first", true)
        try c.requireDivides("heads", heads, width, of: "the transformer")
    }
}

import Checkpoints

/// Sizes of the autoencoder, from the `config.json` of diffusers' `AutoencoderKL`.
struct AutoencoderConfiguration: Sendable {
    let pictureChannels, latentChannels: Int
    /// Fine to coarse.
    let channels: [Int]
    let layersPerBlock: Int
    let normGroups: Int
    let scalingFactor: Float
    let hasQuantConv, hasPostQuantConv: Bool
    let midAttention: Bool

    /// Of every group norm: diffusers writes it in the class, not in the file.
    let epsilon: Float = 1e-6

    /// Pixels of a side for one latent element.
    var downsampling: Int { 1 << (channels.count - 1) }

    init(_ c: Settings) throws(SettingError) {
        pictureChannels = try c.extent("in_channels", default: 3)
        latentChannels = try c.extent("latent_channels", default: 4)
        channels = try c.extents("block_out_channels", count: Self.levels(c))
        layersPerBlock = try c.extent("layers_per_block", default: 1)
        normGroups = try c.extent("norm_num_groups", default: 32)
        scalingFactor = Float(
            try c.number("scaling_factor", default: 0.18215, in: 1e-6...1e6))
        hasQuantConv = try c.boolean("use_quant_conv", default: true)
        hasPostQuantConv = try c.boolean("use_post_quant_conv", default: true)
        midAttention = try c.boolean("mid_block_add_attention", default: true)

        for extent in channels {
            try c.requireDivides("norm_num_groups", normGroups, extent, of: "a level")
        }
        try c.requireOneOf("in_channels", 3)
        try c.requireOneOf("out_channels", 3)
        try c.requireOneOf("act_fn", "silu", "swish")
        for option in ["shift_factor", "latents_mean", "latents_std"] {
            try c.requireOneOf(option)
        }
    }

    /// How often the resolution changes, more one: as many blocks of the one kind that
    /// autoencoders of this class have.
    private static func levels(_ c: Settings) throws(SettingError) -> Int {
        let descending = try c.strings("down_block_types")
        guard (1...8).contains(descending.count) else {
            throw c.error("down_block_types", "\(descending.count) levels, not 1 to 8")
        }
        for (key, type) in [
            ("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D"),
        ] {
            let types = try c.strings(key)
            guard types == Array(repeating: type, count: descending.count) else {
                throw c.error(
                    key, "\(types) is not supported by this stage, only \(descending.count) \(type)"
                )
            }
        }
        return descending.count
    }
}

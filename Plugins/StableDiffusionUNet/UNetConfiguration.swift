import Checkpoints

/// Sizes of the UNet, from the `config.json` of diffusers' `UNet2DConditionModel`.
struct UNetConfiguration: Sendable {
    let sampleSize, inputChannels, outputChannels: Int
    let conditioningWidth: Int
    let normGroups: Int
    let epsilon: Float
    /// Of the timestep's sinusoid: whether the cosines come first.
    let cosinesFirst: Bool
    let frequencyShift: Float
    /// Fine to coarse; the ascending half has the same levels in reverse.
    let levels: [UNetLevel]
    /// Fine to coarse, as far as attention goes in the ascending half.
    let ascendingAttention: [Bool]

    /// The width of the timestep's sinusoid, and of its embedding.
    var sinusoidWidth: Int { levels[0].channels }
    var timeChannels: Int { 4 * levels[0].channels }

    init(_ c: Settings) throws(SettingError) {
        sampleSize = try c.extent("sample_size")
        inputChannels = try c.extent("in_channels", default: 4)
        outputChannels = try c.extent("out_channels", default: 4)
        conditioningWidth = try c.extent("cross_attention_dim", default: 1280)
        normGroups = try c.extent("norm_num_groups", default: 32)
        epsilon = Float(try c.number("norm_eps", default: 1e-5, in: 0...1))
        cosinesFirst = try c.boolean("flip_sin_to_cos", default: true)
        frequencyShift = Float(try c.number("freq_shift", default: 0, in: 0...1))
        levels = try UNetLevel.all(c)
        let ascending = try c.strings("up_block_types")
        guard ascending.count == levels.count else {
            throw c.error("up_block_types", "\(ascending.count) for \(levels.count) levels")
        }
        for type in ascending where UpBlockType(rawValue: type) == nil {
            throw c.error("up_block_types", "\"\(type)\" is not supported by this stage")
        }
        ascendingAttention = ascending.reversed().map {
            $0 == UpBlockType.crossAttention.rawValue
        }
        for level in levels {
            try c.requireDivides(
                "norm_num_groups", normGroups, level.channels, of: "a level")
        }
        guard levels[0].channels.isMultiple(of: 2), levels[0].channels >= 4 else {
            throw c.error("block_out_channels", "the first must be even, and at least 4")
        }
        try Self.refuseVariants(c)
    }

    /// Other members of the family share the class name, and differ by these options.
    private static func refuseVariants(_ c: Settings) throws(SettingError) {
        try c.requireOneOf("mid_block_type", "UNetMidBlock2DCrossAttn")
        try c.requireOneOf("act_fn", "silu", "swish")
        try c.requireOneOf("attention_type", "default")
        try c.requireOneOf("resnet_time_scale_shift", "default")
        try c.requireOneOf("time_embedding_type", "positional")
        try c.requireOneOf("downsample_padding", 1)
        try c.requireOneOf("conv_in_kernel", 3)
        try c.requireOneOf("conv_out_kernel", 3)
        try c.requireOneOf("mid_block_scale_factor", 1, 1.0)
        try c.requireOneOf("resnet_out_scale_factor", 1, 1.0)
        for option in [
            "center_input_sample", "class_embeddings_concat", "dual_cross_attention",
            "mid_block_only_cross_attention", "only_cross_attention", "resnet_skip_time_act",
        ] { try c.requireOneOf(option, false) }
        for option in [
            "addition_embed_type", "class_embed_type", "cross_attention_norm",
            "encoder_hid_dim", "encoder_hid_dim_type", "num_attention_heads",
            "num_class_embeds", "reverse_transformer_layers_per_block", "time_cond_proj_dim",
            "time_embedding_act_fn", "time_embedding_dim", "timestep_post_act",
        ] { try c.requireOneOf(option) }
    }
}

/// One resolution of the UNet.
struct UNetLevel: Sendable {
    let channels: Int
    let resnets: Int
    /// Of the attention here: despite its name, `attention_head_dim` counts heads.
    let heads: Int
    let transformerLayers: Int
    /// Whether the descending half attends here.
    let attends: Bool

    static func all(_ c: Settings) throws(SettingError) -> [UNetLevel] {
        let types = try c.strings("down_block_types")
        let channels = try c.extents("block_out_channels", count: types.count)
        let resnets = try c.extents("layers_per_block", count: types.count, default: 2)
        let heads = try c.extents("attention_head_dim", count: types.count, default: 8)
        let layers = try c.extents("transformer_layers_per_block", count: types.count, default: 1)
        guard !types.isEmpty else { throw c.error("down_block_types", "empty") }
        var levels: [UNetLevel] = []
        for (index, name) in types.enumerated() {
            guard let type = DownBlockType(rawValue: name) else {
                throw c.error("down_block_types", "\"\(name)\" is not supported by this stage")
            }
            try c.requireDivides(
                "attention_head_dim", heads[index], channels[index], of: "level \(index)")
            levels.append(
                UNetLevel(
                    channels: channels[index], resnets: resnets[index], heads: heads[index],
                    transformerLayers: layers[index], attends: type == .crossAttention))
        }
        return levels
    }
}

enum DownBlockType: String {
    case plain = "DownBlock2D"
    case crossAttention = "CrossAttnDownBlock2D"
}

enum UpBlockType: String {
    case plain = "UpBlock2D"
    case crossAttention = "CrossAttnUpBlock2D"
}

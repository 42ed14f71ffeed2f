import Layers
import Tensors

/// A resnet, single-head attention over all places and a resnet, at the coarsest resolution of
/// both halves.
struct MidBlock: Sendable {
    let resnet1, resnet2: ResnetBlock
    let attention: PlaceAttention?

    init(
        _ p: Parameters, channels: Int, _ c: AutoencoderConfiguration
    ) throws(ParameterError) {
        resnet1 = try ResnetBlock(p["resnets"][0], from: channels, to: channels, c)
        attention =
            c.midAttention ? try PlaceAttention(p["attentions"][0], channels: channels, c) : nil
        resnet2 = try ResnetBlock(p["resnets"][1], from: channels, to: channels, c)
    }

    /// `[B, H, W, C]` to `[B, H, W, C]`.
    func callAsFunction(_ x: consuming Tensor) -> Tensor {
        x = resnet1(x)
        if let attention { x = attention(x) }
        return resnet2(x)
    }
}

/// Self-attention over the places of a feature map, added to it.
struct PlaceAttention: Sendable {
    let norm: GroupNorm
    let attention: MultiHeadAttention

    init(
        _ p: Parameters, channels: Int, _ c: AutoencoderConfiguration
    ) throws(ParameterError) {
        norm = try GroupNorm(
            p["group_norm"], groups: c.normGroups, channels: channels, epsilon: c.epsilon)
        attention = MultiHeadAttention(
            query: try Self.projection(p, "to_q", formerly: "query", channels),
            key: try Self.projection(p, "to_k", formerly: "key", channels),
            value: try Self.projection(p, "to_v", formerly: "value", channels),
            output: try Self.projection(p, "to_out.0", formerly: "proj_attn", channels),
            heads: 1)
    }

    /// Published files of before 2023 have other names.
    private static func projection(
        _ p: Parameters, _ name: String, formerly: String, _ channels: Int
    ) throws(ParameterError) -> Linear {
        let p = p.contains("\(formerly).weight") ? p[formerly] : p[name]
        return try Linear(p, channels, channels)
    }

    /// `[B, H, W, C]` to `[B, H, W, C]`.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let shape = x.shape
        let places = norm(x).reshaped([shape[0], shape[1] * shape[2], shape[3]])
        return attention(places, adding: x.reshaped(places.shape)).reshaped(shape)
    }
}

extension ResnetBlock {
    init(
        _ p: Parameters, from inputs: Int, to outputs: Int, _ c: AutoencoderConfiguration
    ) throws(ParameterError) {
        try self.init(
            p, from: inputs, to: outputs, timeChannels: nil, groups: c.normGroups,
            epsilon: c.epsilon)
    }
}

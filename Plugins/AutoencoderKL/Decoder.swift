import Layers
import Tensors

/// Latents to pictures: the encoder's mirror, with a resnet more at every level.
struct Decoder: Sendable {
    let convIn: Conv2d
    let mid: MidBlock
    let levels: [DecoderLevel]
    let normOut: GroupNorm
    let convOut: Conv2d

    init(_ p: Parameters, _ c: AutoencoderConfiguration) throws(ParameterError) {
        let channels = Array(c.channels.reversed())  // coarse to fine
        let finest = channels.count - 1
        convIn = try Conv2d(
            p["conv_in"], c.latentChannels, channels[0], kernel: 3, padding: 1)
        mid = try MidBlock(p["mid_block"], channels: channels[0], c)
        var levels: [DecoderLevel] = []
        for index in channels.indices {
            levels.append(
                try DecoderLevel(
                    p["up_blocks"][index], from: channels[max(index - 1, 0)],
                    to: channels[index], doubles: index < finest, c))
        }
        self.levels = levels
        normOut = try GroupNorm(
            p["conv_norm_out"], groups: c.normGroups, channels: channels[finest],
            epsilon: c.epsilon)
        convOut = try Conv2d(
            p["conv_out"], channels[finest], c.pictureChannels, kernel: 3, padding: 1)
    }

    /// - Parameter latents: `[B, H, W, latent]`.
    /// - Returns: `[B, H·d, W·d, 3]`.
    func callAsFunction(_ latents: Tensor) -> Tensor {
        var x = mid(convIn(latents))
        for level in levels { x = level(consume x) }
        x = normOut(x, activation: .silu)
        return convOut(x)
    }
}

struct DecoderLevel: Sendable {
    let resnets: [ResnetBlock]
    let upsampler: Conv2d?

    init(
        _ p: Parameters, from inputs: Int, to outputs: Int, doubles: Bool,
        _ c: AutoencoderConfiguration
    ) throws(ParameterError) {
        var resnets: [ResnetBlock] = []
        for index in 0...c.layersPerBlock {
            resnets.append(
                try ResnetBlock(
                    p["resnets"][index], from: index == 0 ? inputs : outputs, to: outputs, c))
        }
        self.resnets = resnets
        upsampler =
            doubles
            ? try Conv2d(p["upsamplers"][0]["conv"], outputs, outputs, kernel: 3, padding: 1)
            : nil
    }

    /// `[B, H, W, Cin]` to `[B, 2H, 2W, Cout]`; the finest level keeps its extents.
    func callAsFunction(_ x: consuming Tensor) -> Tensor {
        for resnet in resnets { x = resnet(x) }
        guard let upsampler else { return x }
        x = upsampleNearest(x, by: 2)
        return upsampler(x)
    }
}

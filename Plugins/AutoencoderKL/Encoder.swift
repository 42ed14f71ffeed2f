import Layers
import Tensors

/// Pictures to the moments of the latent's posterior (Kingma and Welling, 2014; Rombach et al.,
/// 2022, §3.1). Names follow diffusers.
struct Encoder: Sendable {
    let convIn: Conv2d
    let levels: [EncoderLevel]
    let mid: MidBlock
    let normOut: GroupNorm
    let convOut: Conv2d

    init(_ p: Parameters, _ c: AutoencoderConfiguration) throws(ParameterError) {
        let channels = c.channels
        let coarsest = channels.count - 1
        convIn = try Conv2d(
            p["conv_in"], c.pictureChannels, channels[0], kernel: 3, padding: 1)
        var levels: [EncoderLevel] = []
        for index in channels.indices {
            levels.append(
                try EncoderLevel(
                    p["down_blocks"][index], from: channels[max(index - 1, 0)],
                    to: channels[index], halves: index < coarsest, c))
        }
        self.levels = levels
        mid = try MidBlock(p["mid_block"], channels: channels[coarsest], c)
        normOut = try GroupNorm(
            p["conv_norm_out"], groups: c.normGroups, channels: channels[coarsest],
            epsilon: c.epsilon)
        convOut = try Conv2d(
            p["conv_out"], channels[coarsest], 2 * c.latentChannels, kernel: 3, padding: 1)
    }

    /// - Parameter pixels: `[B, H·d, W·d, 3]`.
    /// - Returns: `[B, H, W, 2 · latent]`.
    func callAsFunction(_ pixels: Tensor) -> Tensor {
        var x = convIn(pixels)
        for level in levels { x = level(consume x) }
        return convOut(normOut(mid(consume x), activation: .silu))
    }
}

struct EncoderLevel: Sendable {
    let resnets: [ResnetBlock]
    let downsampler: Conv2d?

    init(
        _ p: Parameters, from inputs: Int, to outputs: Int, halves: Bool,
        _ c: AutoencoderConfiguration
    ) throws(ParameterError) {
        var resnets: [ResnetBlock] = []
        for index in 0..<c.layersPerBlock {
            resnets.append(
                try ResnetBlock(
                    p["resnets"][index], from: index == 0 ? inputs : outputs, to: outputs, c))
        }
        self.resnets = resnets
        // Padded at the right and the bottom alone, as the model was trained.
        downsampler =
            halves
            ? try Conv2d(
                p["downsamplers"][0]["conv"], outputs, outputs, kernel: 3, stride: 2,
                padding: Padding(top: 0, left: 0, bottom: 1, right: 1))
            : nil
    }

    /// `[B, H, W, Cin]` to `[B, H/2, W/2, Cout]`; the coarsest level keeps its extents.
    func callAsFunction(_ x: consuming Tensor) -> Tensor {
        for resnet in resnets { x = resnet(x) }
        guard let downsampler else { return x }
        return downsampler(x)
    }
}

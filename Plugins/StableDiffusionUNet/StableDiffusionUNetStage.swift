import Layers
public import Stages
public import Tensors

/// Stable Diffusion's UNet (Rombach et al., 2022), in the layout of diffusers'
/// `UNet2DConditionModel`.
public struct StableDiffusionUNetStage: UNet {
    public static let descriptor = StageDescriptor(
        .unet, name: "stable_diffusion_unet", version: "1")

    private let configuration: UNetConfiguration
    private let time1, time2: Linear
    private let convIn: Conv2d
    private let down: [DownBlock]
    private let mid: MidBlock
    private let up: [UpBlock]
    private let normOut: GroupNorm
    private let convOut: Conv2d

    public init(_ context: StageContext) throws {
        let model = try context.requireModel()
        let p = model.parameters
        let c = try UNetConfiguration(model.configuration)
        let levels = c.levels
        configuration = c
        time1 = try Linear(p["time_embedding"]["linear_1"], c.sinusoidWidth, c.timeChannels)
        time2 = try Linear(p["time_embedding"]["linear_2"], c.timeChannels, c.timeChannels)
        convIn = try Conv2d(
            p["conv_in"], c.inputChannels, levels[0].channels, kernel: 3, padding: 1)

        let coarsest = levels.count - 1
        var down: [DownBlock] = []
        for (index, level) in levels.enumerated() {
            down.append(
                try DownBlock(
                    p["down_blocks"][index], level, from: levels[max(index - 1, 0)].channels,
                    halves: index < coarsest, c))
        }
        self.down = down
        mid = try MidBlock(p["mid_block"], levels[coarsest], c)
        var up: [UpBlock] = []
        for index in levels.indices.reversed() {
            up.append(
                try UpBlock(
                    p["up_blocks"][coarsest - index], levels[index],
                    from: levels[min(index + 1, coarsest)].channels,
                    finer: levels[max(index - 1, 0)].channels,
                    attends: c.ascendingAttention[index], doubles: index > 0, c))
        }
        self.up = up
        normOut = try GroupNorm(
            p["conv_norm_out"], groups: c.normGroups, channels: levels[0].channels,
            epsilon: c.epsilon)
        convOut = try Conv2d(
            p["conv_out"], levels[0].channels, c.outputChannels, kernel: 3, padding: 1)
        try model.requireAllRead()
    }

    public var latentChannels: Int { configuration.inputChannels }
    public var sampleSize: Int { configuration.sampleSize }
    public var conditioningWidth: Int { configuration.conditioningWidth }

    public func predict(_ latents: Tensor, timesteps: [Float], conditioning: Tensor) -> Tensor {
        precondition(
            latents.shape[0] == timesteps.count && latents.shape[0] == conditioning.shape[0],
            "\(latents.shape) latents, \(timesteps.count) timesteps, \(conditioning.shape)")
        let time = embedded(timesteps)
        var x = convIn(latents)
        var skips = [x]
        for block in down {
            x = block(x, time: time, conditioning: conditioning, skips: &skips)
        }
        x = mid(x, time: time, conditioning: conditioning)
        for block in up {
            x = block(x, time: time, conditioning: conditioning, skips: &skips)
        }
        return convOut(silu(normOut(x)))
    }

    /// - Returns: `[B, T]`.
    private func embedded(_ timesteps: [Float]) -> Tensor {
        let sinusoid = timestepEmbedding(
            timesteps, width: configuration.sinusoidWidth,
            cosinesFirst: configuration.cosinesFirst,
            frequencyShift: configuration.frequencyShift)
        return time2(silu(time1(sinusoid)))
    }
}

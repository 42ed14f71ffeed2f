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
        var transformers = 0
        var down: [DownBlock] = []
        for (index, level) in levels.enumerated() {
            down.append(
                try DownBlock(
                    p["down_blocks"][index], level, from: levels[max(index - 1, 0)].channels,
                    halves: index < coarsest, c, &transformers))
        }
        self.down = down
        mid = try MidBlock(p["mid_block"], levels[coarsest], c, &transformers)
        var up: [UpBlock] = []
        for index in levels.indices.reversed() {
            up.append(
                try UpBlock(
                    p["up_blocks"][coarsest - index], levels[index],
                    from: levels[min(index + 1, coarsest)].channels,
                    finer: levels[max(index - 1, 0)].channels,
                    attends: c.ascendingAttention[index], doubles: index > 0, c, &transformers))
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

    public var shortcuts: Set<UNetShortcut> {
        let finest = down[0].attentions + (up.last?.attentions ?? [])
        return finest.isEmpty ? [.deepFeatures] : [.deepFeatures, .tokenMerging]
    }

    /// In the order of their numbers.
    private var transformers: [SpatialTransformer] {
        down.flatMap(\.attentions) + [mid.attention] + up.flatMap(\.attentions)
    }

    public func prepare(_ conditioning: Tensor) -> any PreparedConditioning {
        UNetConditioning(conditioning, transformers)
    }

    public func predict(_ latents: Tensor, timesteps: [Float], conditioning: Tensor) -> Tensor {
        let prepared = (0..<conditioning.shape[0]).map { sample in
            prepare(conditioning.slice(axis: 0, sample..<sample + 1))
        }
        return predict(latents, timesteps: timesteps, prepared: prepared, shortcuts: .none)
    }

    public func predict(
        _ latents: Tensor, timesteps: [Float], prepared: [any PreparedConditioning],
        shortcuts: UNetShortcuts
    ) -> Tensor {
        precondition(
            latents.shape[0] == timesteps.count && latents.shape[0] == prepared.count,
            "\(latents.shape) latents, \(timesteps.count) timesteps, \(prepared.count) prepared")
        let pass = UNetPass(
            time: embedded(timesteps),
            conditioning: prepared.map { prepared in
                guard let own = prepared as? UNetConditioning else {
                    preconditionFailure("a conditioning of another stage: \(type(of: prepared))")
                }
                return own
            },
            merging: shortcuts.merging.map {
                MergingPlan(
                    height: latents.shape[1], width: latents.shape[2], ratio: $0.ratio,
                    seeds: $0.seeds)
            })
        let x =
            switch shortcuts.depth {
            case .full: whole(latents, pass, keeping: nil)
            case .keeping(let states): whole(latents, pass, keeping: states)
            case .reusing(let states): shallow(latents, pass, states)
            }
        return convOut(silu(normOut(x)))
    }

    /// - Parameter states: of each sample, if what ``shallow(_:_:_:)`` goes on from is kept.
    private func whole(
        _ latents: Tensor, _ pass: UNetPass, keeping states: [DeepFeatures]?
    ) -> Tensor {
        var x = convIn(latents)
        var skips = [x]
        for block in down { x = block(x, pass, skips: &skips) }
        x = mid(x, pass)
        for block in up.dropLast() { x = block(x, pass, skips: &skips) }
        let finest = up[up.count - 1]
        for index in finest.resnets.indices {
            if index == firstShallow, let states {
                for (sample, state) in states.enumerated() {
                    state.features = x.slice(axis: 0, sample..<sample + 1).kept()
                }
            }
            x = finest.layer(index, x, pass, &skips)
        }
        return x
    }

    /// The first layer down and the last two up, at the latents' own resolution (DeepCache, section
    /// 3.3, with its skip branch 1): what they take from below is what each sample has kept.
    private func shallow(_ latents: Tensor, _ pass: UNetPass, _ states: [DeepFeatures]) -> Tensor {
        let deep = states.map { state in
            guard let features = state.features else {
                preconditionFailure("deep features that were not kept")
            }
            return features
        }
        let first = convIn(latents)
        var skips = [first, down[0].layer(0, first, pass)]
        let finest = up[up.count - 1]
        var x = concatenate(deep, axis: 0)
        for index in firstShallow..<finest.resnets.count {
            x = finest.layer(index, x, pass, &skips)
        }
        return x
    }

    /// Of the finest ascending layers, the first that ``shallow(_:_:_:)`` does.
    private var firstShallow: Int { up[up.count - 1].resnets.count - 2 }

    /// - Returns: `[B, T]`.
    private func embedded(_ timesteps: [Float]) -> Tensor {
        let sinusoid = timestepEmbedding(
            timesteps, width: configuration.sinusoidWidth,
            cosinesFirst: configuration.cosinesFirst,
            frequencyShift: configuration.frequencyShift)
        return time2(silu(time1(sinusoid)))
    }
}

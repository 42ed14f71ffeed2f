import Stages
import Tensors

/// One image from the language model's voken states, by the work of one stage after the other: the
/// conditioning, each call of the UNet, the decoding.
struct ImageTask {
    /// What the answer to a piece of work brought.
    enum Outcome {
        /// The conditioning is made; the calls of the UNet begin.
        case began
        /// So many calls are done.
        case called(Int)
        /// `[H, W, 3]`, RGB around `-1...1`, not clamped.
        case decoded(Tensor)
    }

    let calls: Int
    private let generation: Generation
    private let guidance: Guidance
    private let interval: GuidanceInterval
    private let features: Tensor
    private let scheduler: SchedulerChoice
    private var trajectory: any Trajectory
    /// Of each call, as far as the scheduler tells.
    private let sigmas: [Double]
    private var noise: TorchGenerator
    private var sample: Tensor
    private var shortcuts: ImageShortcuts
    private var conditional: ImageConditioning?
    /// The generation's, as known when this task last looked: what the task waits for must not change
    /// by what another one brings.
    private var unconditional: ImageConditioning?
    private var call = 0

    /// - Parameter features: `[1, vokens, D]`.
    init(
        _ generation: Generation, features: Tensor, _ drawing: Drawing, seed: UInt64
    ) throws(RequestError) {
        self.generation = generation
        self.features = features
        scheduler = drawing.scheduler
        guidance = drawing.guidance
        interval = drawing.shortcuts.guidanceInterval
        shortcuts = ImageShortcuts(drawing.shortcuts, seed: seed)
        do {
            trajectory = try scheduler.scheduler.trajectory(steps: drawing.steps)
        } catch {
            throw RequestError(.invalid, "steps: \(error)")
        }
        calls = trajectory.timesteps.count
        sigmas = trajectory.sigmas
        noise = TorchGenerator(seed: seed)
        // Drawn in torch's order, channels before rows.
        let side = generation.unet.sampleSize
        sample = noise.normal([1, generation.unet.latentChannels, side, side])
            .channelsInnermost().scaled(by: trajectory.initialNoiseScale)
    }

    /// What it needs to go on.
    func work() throws(RequestError) -> StageWork {
        guard let conditional else { return .map(features) }
        guard call < calls else { return .decode(sample) }
        guard guidance.isOn else { return .predict(try prediction([conditional])) }
        guard let unconditional else {
            return .map(Tensor(features.shape, repeating: 0))
        }
        return .predict(
            try prediction(isGuided ? [unconditional, conditional] : [conditional]))
    }

    /// Takes the answer to its work.
    /// - Returns: `nil` if there is nothing to tell.
    mutating func take(_ answer: Tensor) throws(RequestError) -> Outcome? {
        guard hasConditioning else {
            takeFeature(answer)
            return hasConditioning ? .began : nil
        }
        guard call < calls else {
            return .decoded(answer.reshaped([answer.shape[1], answer.shape[2], 3]))
        }
        let output = isGuided ? guidance(answer) : answer
        let next = MemoryAccount.charging(scheduler.loaded.work) {
            trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        try requireShape(next)
        sample = next
        shortcuts.note(call: call, isGuided: isGuided)
        call += 1
        return .called(call)
    }

    /// Whether the next call is of a pair: unconditional, conditional.
    private var isGuided: Bool {
        guidance.isOn && (interval.isAll || interval.contains(sigmas[call]))
    }

    private var hasConditioning: Bool {
        conditional != nil && (!guidance.isOn || unconditional != nil)
    }

    /// The mapper's answer to the vokens, and then, if it is not known yet, to zeros.
    private mutating func takeFeature(_ feature: Tensor) {
        if conditional == nil {
            conditional = ImageConditioning(feature)
        } else if generation.unconditional.conditioning == nil {
            generation.unconditional.take(feature)
        }
        unconditional = generation.unconditional.conditioning
    }

    private func prediction(
        _ conditioning: [ImageConditioning]
    ) throws(RequestError) -> Prediction {
        let input = MemoryAccount.charging(scheduler.loaded.work) {
            trajectory.modelInput(sample, call: call)
        }
        try requireShape(input)
        return Prediction(
            latents: conditioning.count == 2 ? concatenate([input, input], axis: 0) : input,
            timestep: trajectory.timesteps[call], conditioning: conditioning,
            shortcuts: shortcuts.options(call: call, isGuided: conditioning.count == 2))
    }

    /// The next stage would trap on a sample of another shape.
    private func requireShape(_ tensor: Tensor) throws(RequestError) {
        guard tensor.shape == sample.shape else {
            throw RequestError(
                .stageFailed,
                "scheduler \(scheduler.name) gave the shape \(tensor.shape) instead of "
                    + "\(sample.shape); its plugin is at fault")
        }
    }
}

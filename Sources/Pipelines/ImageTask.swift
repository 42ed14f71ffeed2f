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
    private let features: Tensor
    private let scheduler: SchedulerChoice
    private var trajectory: any Trajectory
    private var noise: TorchGenerator
    private var sample: Tensor
    /// `[1, L, C]`.
    private var conditional: Tensor?
    /// `[2, L, C]`: unconditional, conditional; without guidance `[1, L, C]`, conditional.
    private var conditioning: Tensor?
    private var call = 0

    /// - Parameter features: `[1, vokens, D]`.
    init(
        _ generation: Generation, features: Tensor, scheduler: SchedulerChoice, steps: Int,
        guidance: Guidance, seed: UInt64
    ) throws(RequestError) {
        self.generation = generation
        self.features = features
        self.scheduler = scheduler
        self.guidance = guidance
        do {
            trajectory = try scheduler.scheduler.trajectory(steps: steps)
        } catch {
            throw RequestError(.invalid, "steps: \(error)")
        }
        calls = trajectory.timesteps.count
        noise = TorchGenerator(seed: seed)
        // Drawn in torch's order, channels before rows.
        let side = generation.unet.sampleSize
        sample = noise.normal([1, generation.unet.latentChannels, side, side])
            .channelsInnermost().scaled(by: trajectory.initialNoiseScale)
    }

    /// What it needs to go on.
    func work() throws(RequestError) -> StageWork {
        guard let conditioning else {
            return .map(
                conditional == nil ? features : Tensor(features.shape, repeating: 0))
        }
        guard call < calls else { return .decode(sample) }
        let input = MemoryAccount.charging(scheduler.loaded.work) {
            trajectory.modelInput(sample, call: call)
        }
        try requireShape(input)
        return .predict(
            guidance.isOn ? concatenate([input, input], axis: 0) : input,
            timestep: trajectory.timesteps[call], conditioning: conditioning)
    }

    /// Takes the answer to its work.
    /// - Returns: `nil` if there is nothing to tell.
    mutating func take(_ answer: Tensor) throws(RequestError) -> Outcome? {
        guard conditioning != nil else {
            takeFeature(answer)
            return conditioning == nil ? nil : .began
        }
        guard call < calls else {
            return .decoded(answer.reshaped([answer.shape[1], answer.shape[2], 3]))
        }
        let output = guidance.isOn ? guidance(answer) : answer
        let next = MemoryAccount.charging(scheduler.loaded.work) {
            trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        try requireShape(next)
        sample = next
        call += 1
        return .called(call)
    }

    /// The mapper's answer to the vokens, and then, if it is not known yet, to zeros.
    private mutating func takeFeature(_ feature: Tensor) {
        guard guidance.isOn else {
            conditioning = feature
            return
        }
        if conditional == nil {
            conditional = feature
        } else {
            generation.unconditional = feature
        }
        guard let conditional, let unconditional = generation.unconditional else { return }
        conditioning = concatenate([unconditional, conditional], axis: 0)
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

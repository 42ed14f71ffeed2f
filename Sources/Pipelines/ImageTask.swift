import Stages
import Tensors

/// One image from the language model's voken states, in steps: the conditioning, each call of the
/// UNet, the decoding.
struct ImageTask {
    /// What one step brought.
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
    private let guidance: Float
    private let features: Tensor
    private let scheduler: SchedulerChoice
    private var trajectory: any Trajectory
    private var noise: TorchGenerator
    private var sample: Tensor
    /// `[2, L, C]`: unconditional, conditional; without guidance `[1, L, C]`, conditional.
    private var conditioning: Tensor?
    private var call = 0

    /// - Parameter features: `[1, vokens, D]`.
    init(
        _ generation: Generation, features: Tensor, scheduler: SchedulerChoice, steps: Int,
        guidance: Double, seed: UInt64
    ) throws(RequestError) {
        self.generation = generation
        self.features = features
        self.scheduler = scheduler
        self.guidance = Float(guidance)
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

    mutating func step() throws(RequestError) -> Outcome {
        guard let conditioning else {
            conditioning = try makeConditioning()
            return .began
        }
        guard call < calls else { return .decoded(try generation.decode(sample)) }
        try advance(conditioning)
        return .called(call)
    }

    /// One call of the model, and the scheduler's step that follows it.
    private mutating func advance(_ conditioning: Tensor) throws(RequestError) {
        let input = MemoryAccount.charging(scheduler.loaded.work) {
            trajectory.modelInput(sample, call: call)
        }
        try requireShape(input)
        let output = try predict(input, conditioning)
        let next = MemoryAccount.charging(scheduler.loaded.work) {
            trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        try requireShape(next)
        sample = next
        call += 1
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

    private func makeConditioning() throws(RequestError) -> Tensor {
        let conditional = try generation.map(features)
        guard guidance != 1 else { return conditional }
        return concatenate([try generation.unconditional(), conditional], axis: 0)
    }

    /// Classifier-free guidance (Ho & Salimans, 2022, as diffusers writes it):
    /// u + g·(c - u), both halves in one batch.
    private func predict(_ input: Tensor, _ conditioning: Tensor) throws(RequestError) -> Tensor {
        let timestep = trajectory.timesteps[call]
        guard guidance != 1 else {
            return try generation.predict(input, timestep: timestep, conditioning: conditioning)
        }
        let both = try generation.predict(
            concatenate([input, input], axis: 0), timestep: timestep, conditioning: conditioning)
        let unconditional = both.slice(axis: 0, 0..<1)
        let conditional = both.slice(axis: 0, 1..<2)
        let difference = conditional + unconditional.scaled(by: -1)
        return unconditional + difference.scaled(by: guidance)
    }
}

import Checkpoints
import Stages
import Tensors

/// Trajectory consistency distillation (Zheng et al. 2024, arXiv 2402.19159): like latent
/// consistency, but to any point of the path, so that less noise need be added again.
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule`` (with the betas of
/// Stable Diffusion) and ``DistilledTimesteps``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `prediction_type` | `epsilon` | `epsilon`, `sample`, `v_prediction` |
/// | `eta` | 0.3 | γ: 0 draws no noise, 1 is latent consistency (diffusers passes it to `step`) |
struct SchedulerTCD: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "tcd", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "Trajectory consistency", citation: "Zheng et al. 2024, arXiv 2402.19159", order: 1,
        noise: .optional,
        knownRun: SchedulerSummary.KnownRun(
            steps: 4,
            result: [
                -12.03407, 0.5893565, -0.1369496, 0.3527976, -12.36468, -1.950302, -7.341129,
                10.84554,
            ]))

    private let schedule: NoiseSchedule
    private let timesteps: DistilledTimesteps
    private let prediction: PredictionType
    private let eta: Double

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        schedule = try NoiseSchedule(
            options, .stableDiffusion, steps: .timesteps(alphaIsOneAtEnd: true))
        timesteps = try DistilledTimesteps(options, schedule)
        prediction = try options.choice("prediction_type", default: .epsilon)
        eta = try options.number("eta", default: 0.3, in: 0...1)
        options.passOver(
            "steps_offset", "timestep_spacing", "timestep_scaling", "clip_sample",
            "clip_sample_range", "thresholding", "dynamic_thresholding_ratio", "sample_max_value")
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let visited = try timesteps.timesteps(steps: steps)
        try schedule.require(prediction, at: visited)
        return TCDTrajectory(
            schedule: schedule, prediction: prediction, eta: eta, visited: visited)
    }
}

/// One reverse process: down to a cleaner point s, and from there up to the next timestep with new
/// noise.
struct TCDTrajectory: Trajectory {
    let schedule: NoiseSchedule
    let prediction: PredictionType
    let eta: Double
    let visited: [Int]
    let initialNoiseScale: Float = 1

    var timesteps: [Float] { visited.map(Float.init) }

    var sigmas: [Double] {
        (visited + [0]).map(schedule.sigma)
    }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    /// Algorithm 4 (strategic stochastic sampling), whose last point is timestep 0.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let isLast = call == visited.count - 1
        let next = isLast ? 0 : visited[call + 1]
        // In single precision, as diffusers does: a timestep may depend on the last digit.
        let cleaner = Int((Float(1 - eta) * Float(next)).rounded(.down))
        let level = NoiseLevel.preserving(alpha: schedule.alpha(at: visited[call]))
        let point = NoiseLevel.preserving(alpha: schedule.alpha(at: cleaner))
        let down =
            point.signal * level.original(prediction) + point.noise * level.epsilon(prediction)
        guard eta > 0, !isLast else { return down(sample, output) }
        let up = schedule.alpha(at: next) / schedule.alpha(at: cleaner)
        return linearCombination(
            (up.squareRoot() * down).terms(sample, output)
                + [((1 - up).squareRoot(), noise.normal(like: sample))])
    }
}

import Checkpoints
import Stages
import Tensors

/// Latent consistency models (Luo et al. 2023, arXiv 2310.04378): few steps (1 to 8) of a model
/// that was distilled to predict the end of its path. Any other model gives blurred pictures.
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule`` (with the betas of
/// Stable Diffusion), ``DistilledTimesteps`` and ``OriginalBound``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `prediction_type` | `epsilon` | `epsilon`, `sample`, `v_prediction` |
/// | `timestep_scaling` | 10 | of timesteps in the boundary condition |
struct SchedulerLCM: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "lcm", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "Latent consistency", citation: "Luo et al. 2023, arXiv 2310.04378", order: 1,
        noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 4,
            result: [
                -11.18933, -0.09240025, -0.4503093, -0.4014851, -11.16328, -2.938618, -2.61409,
                9.376555,
            ]))

    private let schedule: NoiseSchedule
    private let timesteps: DistilledTimesteps
    private let prediction: PredictionType
    private let bound: OriginalBound
    private let scaling: Double

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        schedule = try NoiseSchedule(
            options, .stableDiffusion, steps: .timesteps(alphaIsOneAtEnd: true))
        timesteps = try DistilledTimesteps(options, schedule)
        prediction = try options.choice("prediction_type", default: .epsilon)
        bound = try OriginalBound(options, clips: false)
        scaling = try options.number("timestep_scaling", default: 10, in: 0...1e6)
        options.passOver("steps_offset", "timestep_spacing")
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let visited = try timesteps.timesteps(steps: steps)
        try schedule.require(prediction, at: visited)
        return LCMTrajectory(
            schedule: schedule, prediction: prediction, bound: bound, scaling: scaling,
            visited: visited)
    }
}

/// One reverse process: to x_0 in each step, and back to the next level with new noise.
struct LCMTrajectory: Trajectory {
    let schedule: NoiseSchedule
    let prediction: PredictionType
    let bound: OriginalBound
    let scaling: Double
    let visited: [Int]
    let initialNoiseScale: Float = 1

    var timesteps: [Float] { visited.map(Float.init) }

    var sigmas: [Double] {
        visited.map(schedule.sigma) + [0]
    }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    /// Algorithm 3, with the boundary condition of equation 9 that makes the model's answer the
    /// sample itself where there is no noise.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let level = NoiseLevel.preserving(alpha: schedule.alpha(at: visited[call]))
        let original = level.original(prediction)
        let deviation = 0.5
        let time = scaling * Double(visited[call])
        let sum = time * time + deviation * deviation
        let ofSample = deviation * deviation / sum
        let ofOriginal = time / sum.squareRoot()
        let isLast = call == visited.count - 1
        let next =
            isLast
            ? NoiseLevel(signal: 1, noise: 0)
            : NoiseLevel.preserving(alpha: schedule.alpha(at: visited[call + 1]))
        let factor = next.signal * ofOriginal
        var terms =
            bound == .none
            ? (factor * original).terms(sample, output)
            : [(factor, bound(original(sample, output)))]
        terms.append((next.signal * ofSample, sample))
        if !isLast { terms.append((next.noise, noise.normal(like: sample))) }
        return linearCombination(terms)
    }
}

import Checkpoints
import Stages
import Tensors

/// DDIM from a picture to noise: the same equation from low noise to high (Mokady et al. 2022,
/// arXiv 2211.09794, section 3.2), for editing. What it makes, `ddim` with the same options brings
/// back, as far as the model answers alike at both ends of a step.
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, those of
/// ``TimestepPlan`` but for linspace, `clip_sample`, `clip_sample_range`, and
/// `prediction_type`. `set_alpha_to_one` is of the level that the run begins at.
struct SchedulerDDIMInverse: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "ddim_inverse", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DDIM, from picture to noise", citation: "Mokady et al. 2022, arXiv 2211.09794",
        order: 1, noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5, options: .stableDiffusion(["clip_sample": false]),
            result: [
                -0.8056574, 0.9319553, 0.5241742, 0.3146374, -0.8186079, 0.8333517, -0.8682752,
                1.10545,
            ]))

    private let schedule: NoiseSchedule
    private let timesteps: TimestepPlan
    private let prediction: PredictionType
    private let bound: OriginalBound

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        // The option's name before diffusers 0.18.
        let isOne = try options.boolean("set_alpha_to_zero", default: true)
        schedule = try NoiseSchedule(options, steps: .timesteps(alphaIsOneAtEnd: isOne))
        timesteps = try TimestepPlan(options, schedule, among: [.leading, .trailing])
        prediction = try options.choice("prediction_type", default: .epsilon)
        bound = try OriginalBound(options, clips: true, thresholds: false)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let visited = Array(try timesteps.timesteps(steps: steps).reversed())
        let stride = schedule.count / steps
        let starts =
            timesteps.isCustom ? [-1] + visited.dropLast() : visited.map { $0 - stride }
        guard prediction != .sample || starts.allSatisfy({ schedule.alpha(at: $0) < 1 }) else {
            throw SettingError(
                key: "prediction_type",
                message: "from a prediction of the sample nothing is known of the noise at the "
                    + "noiseless start; set set_alpha_to_one to false")
        }
        return DDIMInverseTrajectory(
            schedule: schedule, prediction: prediction, bound: bound,
            steps: zip(starts, visited).map { ($0, $1) })
    }
}

/// One forward process; it needs no memory of earlier steps.
struct DDIMInverseTrajectory: Trajectory {
    let schedule: NoiseSchedule
    let prediction: PredictionType
    let bound: OriginalBound
    /// From which timestep to which; below zero is before the first. The model is told where a
    /// step ends.
    let steps: [(from: Int, to: Int)]
    let initialNoiseScale: Float = 1

    var timesteps: [Float] { steps.map { Float($0.to) } }

    var sigmas: [Double] {
        let starts = steps.first.map { [$0.from] } ?? []
        return (starts + steps.map(\.to)).map(schedule.sigma)
    }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    /// x' = √ᾱ' · x_0 + √(1 − ᾱ') · ε.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let level = NoiseLevel.preserving(alpha: schedule.alpha(at: steps[call].from))
        let next = NoiseLevel.preserving(alpha: schedule.alpha(at: steps[call].to))
        let original = level.original(prediction)
        let epsilon = level.epsilon(prediction)
        guard bound != .none else {
            return (next.signal * original + next.noise * epsilon)(sample, output)
        }
        return linearCombination(
            [(next.signal, bound(original(sample, output)))]
                + (next.noise * epsilon).terms(sample, output))
    }
}

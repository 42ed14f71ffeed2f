import Checkpoints
import Stages
import Tensors

/// Denoising diffusion probabilistic models (Ho et al. 2020, arXiv 2006.11239), on fewer timesteps
/// than were trained (Nichol and Dhariwal 2021, arXiv 2102.09672, section 4).
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, ``TimestepPlan`` and
/// ``OriginalBound``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `prediction_type` | `epsilon` | `epsilon`, `sample`, `v_prediction` |
/// | `variance_type` | `fixed_small` | `fixed_small`, `fixed_small_log`, `fixed_large`, `fixed_large_log` |
struct SchedulerDDPM: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "ddpm", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DDPM", citation: "Ho et al. 2020, arXiv 2006.11239", order: 1, noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5, options: .stableDiffusion(["clip_sample": false]),
            result: [
                -6.510767, 0.5267024, -0.09481866, 0.1727373, -6.366982, -0.8116621, -1.596336,
                6.931832,
            ]))

    private let schedule: NoiseSchedule
    private let timesteps: TimestepPlan
    private let prediction: PredictionType
    private let bound: OriginalBound
    private let variance: DDPMVariance

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        schedule = try NoiseSchedule(options, steps: .timesteps(alphaIsOneAtEnd: nil))
        timesteps = try TimestepPlan(options, schedule)
        prediction = try options.choice("prediction_type", default: .epsilon)
        bound = try OriginalBound(options, clips: true)
        variance = try options.choice("variance_type", default: .small)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let visited = try timesteps.timesteps(steps: steps)
        try schedule.require(prediction, at: visited)
        return DDPMTrajectory(
            schedule: schedule, prediction: prediction, bound: bound, variance: variance,
            steps: zip(visited, visited.dropFirst() + [-1]).map { ($0, $1) })
    }
}

/// Which of the two bounds of the true variance is taken (Ho et al., section 3.2). The forms
/// with a logarithm differ in how they are computed, not in what.
enum DDPMVariance: String, CaseIterable {
    /// β̃, right if the data is one point.
    case small = "fixed_small"
    case smallByLogarithm = "fixed_small_log"
    /// β, right if the data is noise itself.
    case large = "fixed_large"
    case largeByLogarithm = "fixed_large_log"

    /// - Parameters:
    ///   - alpha: ᾱ of where the step begins.
    ///   - next: ᾱ of where it ends.
    func deviation(_ alpha: Double, _ next: Double) -> Double {
        let beta = 1 - alpha / next
        switch self {
        // diffusers keeps it off zero for the sake of the logarithm.
        case .small, .smallByLogarithm:
            return max((1 - next) / (1 - alpha) * beta, 1e-20).squareRoot()
        case .large, .largeByLogarithm: return beta.squareRoot()
        }
    }
}

/// One reverse process of DDPM; it needs no memory of earlier steps.
struct DDPMTrajectory: Trajectory {
    let schedule: NoiseSchedule
    let prediction: PredictionType
    let bound: OriginalBound
    let variance: DDPMVariance
    /// From which timestep to which; below zero is past the last step.
    let steps: [(from: Int, to: Int)]
    let initialNoiseScale: Float = 1

    var timesteps: [Float] { steps.map { Float($0.from) } }

    var sigmas: [Double] {
        (steps.map(\.from) + [-1]).map(schedule.sigma)
    }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    /// Equation 7: the mean of x' given x and x_0; and noise of its deviation, but at timestep 0
    /// none.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let alpha = schedule.alpha(at: steps[call].from)
        let next = schedule.alpha(at: steps[call].to)
        let step = alpha / next
        let ofOriginal = next.squareRoot() * (1 - step) / (1 - alpha)
        let ofSample = step.squareRoot() * (1 - next) / (1 - alpha)
        let original = NoiseLevel.preserving(alpha: alpha).original(prediction)
        var terms: [(Double, Tensor)]
        if bound == .none {
            terms = (Combination(sample: ofSample, output: 0) + ofOriginal * original)
                .terms(sample, output)
        } else {
            terms = [(ofOriginal, bound(original(sample, output))), (ofSample, sample)]
        }
        if steps[call].from > 0 {
            terms.append((variance.deviation(alpha, next), noise.normal(like: sample)))
        }
        return linearCombination(terms)
    }
}

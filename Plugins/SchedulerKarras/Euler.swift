import Checkpoints
import Glibc
import Stages
import Tensors

/// Euler's method, with churn (Karras et al. 2022, arXiv 2206.00364, algorithm 2 without its
/// correction).
///
/// Options: those of ``KarrasPlan`` with `final_sigmas_type`, `sigma_min`, `sigma_max` and
/// `interpolation_type`, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `timestep_type` | `discrete` | `continuous` with `v_prediction`: the model is told log σ / 4 |
/// | `s_churn` | 0 | above 0 noise is added before a step (diffusers passes these to `step`) |
/// | `s_tmin`, `s_tmax` | 0, ∞ | between which σ |
/// | `s_noise` | 1 | the standard deviation of that noise |
struct SchedulerEuler: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "euler", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "Euler", citation: "Karras et al. 2022, arXiv 2206.00364", order: 1,
        noise: .optional,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -6.82827, 0.6319549, -0.1637516, -0.34696874,
                -7.1599693, 0.28484654, -8.50574, 4.2558885,
            ]))

    private let plan: KarrasPlan
    private let churn: Churn
    private let isContinuous: Bool

    private enum TimestepType: String, CaseIterable {
        case discrete, continuous
    }

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        var conventions = SigmaPlan.Conventions(rule: .points, end: .option, roundsShaped: false)
        conventions.hasRange = true
        conventions.interpolates = true
        plan = try KarrasPlan(options, betas: NoiseSchedule.Defaults(), conventions)
        churn = try Churn(options)
        let type: TimestepType = try options.choice("timestep_type", default: .discrete)
        isContinuous = type == .continuous && plan.prediction == .velocity
        if isContinuous, options.has("timesteps") {
            throw options.error(
                "timesteps", "timestep_type is continuous: the model is not told these; unset one")
        }
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        var grid = try plan.sigmas.grid(steps: steps)
        if isContinuous {
            let timesteps = grid.sigmas.dropLast().map { log($0) / 4 }
            grid = SigmaGrid(timesteps: timesteps, sigmas: grid.sigmas)
        }
        let calls = SigmaCalls(grid, initialNoiseScale: plan.sigmas.initialNoiseScale(grid))
        return EulerTrajectory(
            calls: calls, prediction: plan.prediction, churn: churn,
            unreached: plan.sigmas.unreached)
    }
}

struct EulerTrajectory: SigmaTrajectory {
    let calls: SigmaCalls
    let prediction: PredictionType
    let churn: Churn
    let unreached: [Double]

    var sigmas: [Double] { calls.sigmas + unreached }

    /// x̂ = x + √(σ̂² − σ²) · z and x' = x̂ + (σ' − σ̂) · (x̂ − x_0) / σ̂. The model has seen x, not x̂:
    /// as diffusers has it, its noise counts as that of x̂, its velocity as that at σ.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let (sigma, next) = (calls.grid.sigmas[call], calls.grid.sigmas[call + 1])
        let raised = churn.raised(sigma, steps: sigmas.count - 1)
        let level = NoiseLevel.exploding(sigma: prediction == .velocity ? sigma : raised)
        let kept = next / raised
        let step =
            Combination(sample: kept, output: 0) + (1 - kept) * level.original(prediction)
        var terms = step.terms(sample, output)
        if raised > sigma {
            let deviation = churn.deviation * (raised * raised - sigma * sigma).squareRoot()
            terms.append((step.sample * deviation, noise.normal(like: sample)))
        }
        return linearCombination(terms)
    }
}

/// How much noise is added before a step.
struct Churn {
    private let amount: Double
    private let lowest: Double
    private let highest: Double
    let deviation: Double

    init(_ options: SchedulerOptions) throws(SettingError) {
        amount = try options.number("s_churn", default: 0, in: 0...1e6)
        lowest = try options.number("s_tmin", default: 0, in: 0...Double.infinity)
        highest = try options.number("s_tmax", default: .infinity, in: 0...Double.infinity)
        deviation = try options.number("s_noise", default: 1, in: 0...10)
    }

    /// σ̂ = (1 + γ) σ, at most √2 σ.
    func raised(_ sigma: Double, steps: Int) -> Double {
        guard lowest <= sigma, sigma <= highest else { return sigma }
        return sigma * (1 + min(amount / Double(steps), 2.0.squareRoot() - 1))
    }
}

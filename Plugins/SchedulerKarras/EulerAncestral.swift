import Checkpoints
import Stages
import Tensors

/// Euler's method on the way down of an ``AncestralStep``. Options: those of ``KarrasPlan``.
struct SchedulerEulerAncestral: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "euler_a", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "Euler, ancestral", citation: "Song et al. 2020, arXiv 2011.13456; Crowson 2022",
        order: 1, noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -12.071012, 0.21824227, -0.337714, -0.00913961,
                -11.881169, -2.1089036, -6.2482634, 10.485057,
            ]))

    private let plan: KarrasPlan

    init(_ context: StageContext) throws {
        plan = try KarrasPlan(SchedulerOptions(context), betas: NoiseSchedule.Defaults())
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        EulerAncestralTrajectory(
            calls: try plan.sigmas.calls(steps: steps), prediction: plan.prediction)
    }
}

struct EulerAncestralTrajectory: SigmaTrajectory {
    let calls: SigmaCalls
    let prediction: PredictionType

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let (sigma, next) = (calls.grid.sigmas[call], calls.grid.sigmas[call + 1])
        let split = AncestralStep(from: sigma, to: next, eta: 1)
        let slope = calls.level(call).epsilon(prediction)
        let step = Combination(sample: 1, output: 0) + (split.down - sigma) * slope
        return linearCombination(
            step.terms(sample, output) + [(split.up, noise.normal(like: sample))])
    }
}

import Checkpoints
import Stages
import Tensors

/// DPM-Solver-2 (Lu et al. 2022, arXiv 2206.00927, algorithm 1) in σ: the midpoint rule, the middle
/// of a step being that of log σ. N steps are 2N − 1 calls of the model; the last step is one of
/// Euler's. Options: those of ``KarrasPlan``.
struct SchedulerDPM2: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpm2", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DPM-Solver-2", citation: "Lu et al. 2022, arXiv 2206.00927", order: 2,
        noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -7.069667, 0.9983606, 0.16141959, -0.07190055,
                -7.522035, 0.6588095, -9.532954, 5.5403886,
            ]))

    private let plan: DPM2Plan

    init(_ context: StageContext) throws { plan = try DPM2Plan(context, eta: 0) }

    func trajectory(steps: Int) throws -> any Trajectory { try plan.trajectory(steps: steps) }
}

/// DPM-Solver-2 on the way down of an ``AncestralStep``; options and calls as ``SchedulerDPM2``.
struct SchedulerDPM2Ancestral: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpm2_a", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DPM-Solver-2, ancestral",
        citation: "Lu et al. 2022, arXiv 2206.00927; Crowson 2022", order: 2, noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -14.9693985, 1.0316523, 0.7440043, 5.937617,
                -11.914729, -0.88090307, -10.337187, 14.9498625,
            ]))

    private let plan: DPM2Plan

    init(_ context: StageContext) throws { plan = try DPM2Plan(context, eta: 1) }

    func trajectory(steps: Int) throws -> any Trajectory { try plan.trajectory(steps: steps) }
}

private struct DPM2Plan {
    private let plan: KarrasPlan
    private let eta: Double

    init(_ context: StageContext, eta: Double) throws {
        plan = try KarrasPlan(
            SchedulerOptions(context), betas: .twoCalls,
            SigmaPlan.Conventions(rule: .points, end: .zero, roundsShaped: true))
        self.eta = eta
    }

    func trajectory(steps: Int) throws -> DPM2Trajectory {
        let calls = try plan.sigmas.calls(steps: steps) { from, to in
            (from * AncestralStep(from: from, to: to, eta: eta).down).squareRoot()
        }
        return DPM2Trajectory(calls: calls, prediction: plan.prediction, eta: eta)
    }
}

struct DPM2Trajectory: SigmaTrajectory {
    let calls: SigmaCalls
    private let prediction: PredictionType
    private let eta: Double
    /// The sample where the step begins, once Euler's method has gone to the middle.
    private var start: Tensor?

    init(calls: SigmaCalls, prediction: PredictionType, eta: Double) {
        self.calls = calls
        self.prediction = prediction
        self.eta = eta
    }

    /// With the end twice more, as diffusers lists it.
    var sigmas: [Double] { calls.sigmas + [0, 0] }

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let (sigma, next) = (calls.grid.sigmas[call / 2], calls.grid.sigmas[call / 2 + 1])
        let slope = calls.level(call).epsilon(prediction)
        guard let start else {
            let isLast = call + 1 == timesteps.count
            self.start = isLast ? nil : sample
            let end = isLast ? next : calls.level(call + 1).noise
            return linearCombination(
                [(1, sample)] + ((end - sigma) * slope).terms(sample, output))
        }
        self.start = nil
        let split = AncestralStep(from: sigma, to: next, eta: eta)
        var terms = [(1, start)] + ((split.down - sigma) * slope).terms(sample, output)
        if split.up > 0 { terms.append((split.up, noise.normal(like: sample))) }
        return linearCombination(terms)
    }
}

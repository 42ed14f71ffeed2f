import Checkpoints
import Stages

/// DPM++ 2S a: single-step DPM-Solver++ of second order (Lu et al. 2022, arXiv 2211.01095, algorithm
/// 1 with r = 1/2) on the way down of an ``AncestralStep``. N steps are 2N − 1 calls of the model;
/// the last step is one of Euler's. Options: those of ``SDEPlan``.
struct SchedulerDPMSolver2SAncestral: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpmpp_2s_a", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DPM-Solver++, single-step, ancestral",
        citation: "Lu et al. 2022, arXiv 2211.01095; Crowson 2022", order: 2, noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -13.489481, 0.398673, -0.14855334, 0.44953167,
                -12.502927, -1.7584493, -8.916623, 12.817689,
            ]))

    private let plan: SDEPlan

    init(_ context: StageContext) throws {
        plan = try SDEPlan(SchedulerOptions(context), hasPath: false)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let calls = try plan.sigmas.calls(steps: steps) { from, to in
            (from * AncestralStep(from: from, to: to, eta: plan.eta).down).squareRoot()
        }
        return TwoStageTrajectory(calls: calls, plan: plan, etaToMiddle: 0, path: nil)
    }
}

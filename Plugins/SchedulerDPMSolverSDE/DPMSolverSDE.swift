import Checkpoints
import Stages

/// DPM++ SDE: single-step DPM-Solver++ of second order (Lu et al. 2022, arXiv 2211.01095, algorithm
/// 1 with r = 1/2), to the middle of log σ and to the end each as an ``AncestralStep``, whose noise
/// is of one Brownian path. N steps are 2N − 1 calls of the model; the last step is one of Euler's.
/// Options: those of ``SDEPlan``.
struct SchedulerDPMSolverSDE: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpmpp_sde", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DPM-Solver++, stochastic",
        citation: "Lu et al. 2022, arXiv 2211.01095; Crowson 2022", order: 2, noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -17.66772, 11.63623, 0.7512407, 3.073322,
                -2.9760804, -0.008203839, -1.7322003, 0.02395253,
            ]))

    private let plan: SDEPlan

    init(_ context: StageContext) throws { plan = try SDEPlan(SchedulerOptions(context)) }

    func trajectory(steps: Int) throws -> any Trajectory {
        let calls = try plan.sigmas.calls(steps: steps) { from, to in (from * to).squareRoot() }
        return TwoStageTrajectory(
            calls: calls, plan: plan, etaToMiddle: plan.eta, path: try plan.noise(of: calls))
    }
}

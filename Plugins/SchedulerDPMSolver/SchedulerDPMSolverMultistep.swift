import Stages

/// DPM-Solver++ and DPM-Solver, multistep (Lu et al. 2022, arXiv 2211.01095, algorithm 2, and
/// arXiv 2206.00927): the DPM++ 2M of many programs. For the options see ``MultistepPlan``.
struct SchedulerDPMSolverMultistep: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpmpp_2m", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DPM-Solver++, multistep", citation: "Lu et al. 2022, arXiv 2211.01095", order: 2,
        noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -7.417344, 0.772644, -0.008571968, -0.2027535, -7.787495, 0.4385429, -9.373682,
                5.068774,
            ]))

    private let plan: MultistepPlan

    init(_ context: StageContext) throws { plan = try MultistepPlan(context, .original) }

    func trajectory(steps: Int) throws -> any Trajectory { try plan.trajectory(steps: steps) }
}

import Stages

/// SDE-DPM-Solver++, multistep (Lu et al. 2022, arXiv 2211.01095, section 5): the DPM++ 2M SDE of
/// many programs. For the options see ``MultistepPlan``.
struct SchedulerDPMSolverMultistepSDE: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpmpp_2m_sde", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "SDE-DPM-Solver++, multistep", citation: "Lu et al. 2022, arXiv 2211.01095",
        order: 2, noise: .everyStep)

    private let plan: MultistepPlan

    init(_ context: StageContext) throws { plan = try MultistepPlan(context, .stochasticOriginal) }

    func trajectory(steps: Int) throws -> any Trajectory { try plan.trajectory(steps: steps) }
}

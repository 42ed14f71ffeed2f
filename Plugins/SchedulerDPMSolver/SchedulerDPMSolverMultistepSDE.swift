import Stages

/// SDE-DPM-Solver++, multistep (Lu et al. 2022, arXiv 2211.01095, section 5): the DPM++ 2M SDE of
/// many programs. For the options see ``MultistepPlan``.
struct SchedulerDPMSolverMultistepSDE: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpmpp_2m_sde", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "SDE-DPM-Solver++, multistep", citation: "Lu et al. 2022, arXiv 2211.01095",
        order: 2, noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -19.31898, -0.3545173, -0.909304, -0.4805006, -16.14375, -1.218541, -3.591179,
                18.03046,
            ]))

    private let plan: MultistepPlan

    init(_ context: StageContext) throws { plan = try MultistepPlan(context, .stochasticOriginal) }

    func trajectory(steps: Int) throws -> any Trajectory { try plan.trajectory(steps: steps) }
}

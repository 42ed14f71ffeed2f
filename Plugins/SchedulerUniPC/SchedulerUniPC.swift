import Stages

/// Unified predictor-corrector (Zhao et al. 2023, arXiv 2302.04867, algorithms 5 to 8).
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, ``SigmaPlan`` (with
/// `final_sigmas_type`, `sigma_min` and `sigma_max`) and ``OutputConversion``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `solver_order` | 2 | of the predictor, 1 to 8; the corrector's is one more |
/// | `solver_type` | `bh2` | `bh1`, `bh2` |
/// | `predict_x0` | true | solve for x_0, or for the noise |
/// | `lower_order_final` | true | lower orders at the end |
/// | `disable_corrector` | `[]` | steps that are not corrected, from 0 |
struct SchedulerUniPC: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "unipc", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "UniPC", citation: "Zhao et al. 2023, arXiv 2302.04867", order: 3, noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -7.655746, 0.7985487, 0.004306057, -0.1921756, -8.056751, 0.4603711, -9.595038,
                5.34174,
            ]))

    private let solver: UniPCSolver
    private let plan: SigmaPlan

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        let schedule = try NoiseSchedule(options, steps: .sigmas)
        solver = try UniPCSolver(options, steps: schedule.count)
        var conventions = SigmaPlan.Conventions(
            rule: .intervals, end: .optionOrLastShaped, roundsShaped: true)
        conventions.hasRange = true
        plan = try SigmaPlan(options, schedule, conventions)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        UniPCTrajectory(solver, try plan.grid(steps: steps))
    }
}

import Stages

/// Stochastic Adams solver (Xue et al. 2023, arXiv 2309.05019, algorithm 1).
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, ``SigmaPlan`` (with
/// `lambda_min_clipped`) and ``OutputConversion``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `algorithm_type` | `data_prediction` | `data_prediction`, `noise_prediction` |
/// | `predictor_order` | 2 | 1 to 4 |
/// | `corrector_order` | 2 | 1 to 4 |
/// | `lower_order_final` | true | lower orders at the end |
/// | `tau` | 1 | how much noise is drawn anew: 0 none, 1 as in the reverse process |
/// | `tau_start`, `tau_end` | 200, 800 | the timesteps from and to which τ is not zero |
struct SchedulerSASolver: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "sa_solver", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "SA-Solver", citation: "Xue et al. 2023, arXiv 2309.05019", order: 2,
        noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -11.85778, -0.3648035, -1.098256, -1.471258, -2.640999, 0.6796374, -2.252318,
                14.58474,
            ]))

    private let solver: SASolver
    private let plan: SigmaPlan

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        let schedule = try NoiseSchedule(options, steps: .sigmas)
        solver = try SASolver(options)
        var conventions = SigmaPlan.Conventions(
            rule: .intervals, end: .smallest, roundsShaped: true)
        conventions.clipsLambda = true
        plan = try SigmaPlan(options, schedule, conventions)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        SASolverTrajectory(solver, try plan.grid(steps: steps))
    }
}

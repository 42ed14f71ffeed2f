import Checkpoints
import Stages

/// What `dpmpp_2m` and `dpmpp_2m_sde` are: one solver with two defaults.
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, ``SigmaPlan`` (with
/// `use_lu_lambdas`, `final_sigmas_type` and `lambda_min_clipped`) and ``OutputConversion``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `algorithm_type` | by the name | `dpmsolver++`, `dpmsolver`, `sde-dpmsolver++`, `sde-dpmsolver` |
/// | `solver_order` | 2 | 1 to 3 |
/// | `solver_type` | `midpoint` | `midpoint`, `heun` |
/// | `lower_order_final` | true | lower orders at the end of fewer than 15 steps |
/// | `euler_at_final` | false | first order in the last step |
///
/// The algorithms `dpmsolver` and `sde-dpmsolver` take `final_sigmas_type` `sigma_min` alone.
struct MultistepPlan {
    private let solver: DPMSolver
    private let plan: SigmaPlan
    private let eulerAtFinal: Bool

    init(_ context: StageContext, _ fallback: DPMSolverAlgorithm) throws {
        let options = SchedulerOptions(context)
        let schedule = try NoiseSchedule(options, steps: .sigmas)
        solver = try DPMSolver(options, fallback, lowerOrderFinal: true)
        eulerAtFinal = try options.boolean("euler_at_final", default: false)
        // diffusers' rule for its shaped timesteps asks for the betas, of all things.
        let betas = try options.choice("beta_schedule", default: Betas.linear)
        var conventions = SigmaPlan.Conventions(
            rule: .intervals, end: .option, roundsShaped: betas != .squaredCosine)
        conventions.shapes = SigmaShape.allCases
        conventions.clipsLambda = true
        plan = try SigmaPlan(options, schedule, conventions)
        try solver.requireNoise(plan, options)
    }

    func trajectory(steps: Int) throws(SettingError) -> DPMSolverMultistepTrajectory {
        DPMSolverMultistepTrajectory(
            solver, try plan.grid(steps: steps), eulerAtFinal: eulerAtFinal)
    }
}

import Stages

/// DPM-Solver++ and DPM-Solver, multistep, from a picture to the noise that it would be made of
/// (the equation of Lu et al. 2022, arXiv 2211.01095, is an ordinary one, and has no direction).
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, ``SigmaPlan`` (with
/// `lambda_min_clipped`) and ``OutputConversion``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `algorithm_type` | `dpmsolver++` | `dpmsolver++`, `dpmsolver` |
/// | `solver_order` | 2 | 1 to 3 |
/// | `solver_type` | `midpoint` | `midpoint`, `heun` |
/// | `lower_order_final` | true | lower orders at the end of fewer than 15 steps |
/// | `euler_at_final` | false | first order in the last step |
struct SchedulerDPMSolverMultistepInverse: Scheduler {
    static let descriptor = StageDescriptor(
        .scheduler, name: "dpmpp_2m_inverse", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DPM-Solver++, multistep, inverse", citation: "Lu et al. 2022, arXiv 2211.01095",
        order: 2, noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -0.5571331, 0.7997973, 0.5036652, 0.3429382, -0.5676384, 0.7301627, -0.6081189,
                0.9213228,
            ]))

    private let solver: DPMSolver
    private let plan: SigmaPlan
    private let eulerAtFinal: Bool

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        let schedule = try NoiseSchedule(options, steps: .sigmas)
        solver = try DPMSolver(
            options, among: [.original, .noise, .deis], lowerOrderFinal: true)
        eulerAtFinal = try options.boolean("euler_at_final", default: false)
        var conventions = SigmaPlan.Conventions(rule: .inverse, end: .largest, roundsShaped: true)
        conventions.clipsLambda = true
        plan = try SigmaPlan(options, schedule, conventions)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        DPMSolverMultistepTrajectory(
            solver, try plan.grid(steps: steps), eulerAtFinal: eulerAtFinal)
    }
}

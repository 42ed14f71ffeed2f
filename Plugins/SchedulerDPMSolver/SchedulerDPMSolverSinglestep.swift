import Stages

/// DPM-Solver++ and DPM-Solver, single-step (Lu et al. 2022, arXiv 2211.01095, algorithm 1, and
/// arXiv 2206.00927, algorithms 1 and 2).
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, ``SigmaPlan`` (with
/// `final_sigmas_type` and `lambda_min_clipped`, without spacing) and ``OutputConversion``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `algorithm_type` | `dpmsolver++` | `dpmsolver++`, `dpmsolver`, `sde-dpmsolver++` |
/// | `solver_order` | 2 | 1 to 3 |
/// | `solver_type` | `midpoint` | `midpoint`, `heun` |
/// | `lower_order_final` | false | lower orders at the end; see ``SinglestepOrders`` |
///
/// The algorithm `dpmsolver` takes `final_sigmas_type` `sigma_min` alone. N steps are N calls of
/// the model: every second one of second order, every third one of third.
struct SchedulerDPMSolverSinglestep: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpmpp_2s", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DPM-Solver++, single-step", citation: "Lu et al. 2022, arXiv 2211.01095", order: 2,
        noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -7.155467, 0.7383851, -0.04855268, -0.2400508, -7.490536, 0.3989403, -8.871872,
                4.813442,
            ]))

    private let solver: DPMSolver
    private let plan: SigmaPlan

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        let schedule = try NoiseSchedule(options, steps: .sigmas)
        solver = try DPMSolver(
            options, among: [.original, .noise, .stochasticOriginal, .deis],
            lowerOrderFinal: false)
        var conventions = SigmaPlan.Conventions(
            rule: .intervals, end: .option, roundsShaped: true)
        conventions.spacings = []
        conventions.clipsLambda = true
        plan = try SigmaPlan(options, schedule, conventions)
        try solver.requireNoise(plan, options)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        DPMSolverSinglestepTrajectory(solver, try plan.grid(steps: steps))
    }
}

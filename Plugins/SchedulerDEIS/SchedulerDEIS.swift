import Stages

/// Diffusion exponential integrator sampler, log-rho multistep (Zhang and Chen 2022, arXiv
/// 2204.13902).
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, ``SigmaPlan`` and
/// ``OutputConversion``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `solver_order` | 2 | 1 to 3 |
/// | `lower_order_final` | true | lower orders at the end of fewer than 15 steps |
/// | `algorithm_type` | `deis` | also `dpmsolver`, `dpmsolver++`: the same |
/// | `solver_type` | `logrho` | also `midpoint`, `heun`, `bh1`, `bh2`: the same |
struct SchedulerDEIS: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "deis", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DEIS, multistep", citation: "Zhang and Chen 2022, arXiv 2204.13902", order: 2,
        noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -7.312852, 0.7614729, -0.04219332, -0.2382976, -7.669679, 0.4170616, -9.158972,
                4.942125,
            ]))

    /// Words of DPM-Solver's configurations are accepted as diffusers does.
    private enum Algorithm: String, CaseIterable {
        case deis
        case dpmsolver
        case dpmsolverPlusPlus = "dpmsolver++"
    }

    private enum Kind: String, CaseIterable {
        case logrho
        case midpoint
        case heun
        case bh1
        case bh2
    }

    private let conversion: OutputConversion
    private let plan: SigmaPlan
    private let order: Int
    private let lowerOrderFinal: Bool

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        let schedule = try NoiseSchedule(options, steps: .sigmas)
        conversion = try OutputConversion(options, to: .noise)
        plan = try SigmaPlan(
            options, schedule,
            SigmaPlan.Conventions(rule: .intervals, end: .smallest, roundsShaped: true))
        order = try options.integer("solver_order", default: 2, in: 1...3)
        lowerOrderFinal = try options.boolean("lower_order_final", default: true)
        _ = try options.choice("algorithm_type", default: Algorithm.deis)
        _ = try options.choice("solver_type", default: Kind.logrho)
        try options.requireNoFlow()
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        DEISTrajectory(
            conversion, try plan.grid(steps: steps), order: order,
            lowerOrderFinal: lowerOrderFinal)
    }
}

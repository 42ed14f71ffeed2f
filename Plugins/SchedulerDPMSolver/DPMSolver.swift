import Checkpoints
import Stages
import Tensors

/// What all trajectories of a DPM-Solver share.
///
/// Reads `algorithm_type`, `solver_type`, `solver_order`, `lower_order_final` and the options of
/// ``OutputConversion``.
struct DPMSolver {
    let conversion: OutputConversion
    let tau: Double
    let order: Int
    let isHeun: Bool
    let lowerOrderFinal: Bool

    init(
        _ options: SchedulerOptions, _ fallback: DPMSolverAlgorithm = .original,
        among algorithms: [DPMSolverAlgorithm] = DPMSolverAlgorithm.allCases, lowerOrderFinal: Bool
    ) throws(SettingError) {
        let algorithm = try options.choice("algorithm_type", default: fallback, among: algorithms)
        conversion = try OutputConversion(options, to: algorithm.quantity)
        tau = algorithm.tau
        order = try options.integer("solver_order", default: 2, in: 1...3)
        isHeun =
            try options.choice("solver_type", default: DPMSolverCorrection.midpoint) == .heun
        self.lowerOrderFinal = try options.boolean(
            "lower_order_final", default: lowerOrderFinal)
        guard order < 3 || algorithm != .stochasticNoise else {
            throw options.error(
                "solver_order", "sde-dpmsolver has none over 2; set 2, or sde-dpmsolver++")
        }
        // Predicted variances would be channels of the output that no other stage knows.
        try options.requireAbsent("variance_type")
        try options.requireNoFlow()
    }

    /// ε says nothing about a sample without noise.
    func requireNoise(_ plan: SigmaPlan, _ options: SchedulerOptions) throws(SettingError) {
        guard conversion.quantity == .original || !plan.endsAtZero else {
            throw options.error(
                "final_sigmas_type",
                "the algorithm types dpmsolver and sde-dpmsolver cannot end at zero; set sigma_min")
        }
    }

    func step(from: NoiseLevel, to: NoiseLevel) -> ExponentialStep {
        ExponentialStep(from: from, to: to, of: conversion.quantity, tau: tau)
    }

    /// The end of a step.
    /// - Parameters:
    ///   - start: the sample where the step begins.
    ///   - outputs: converted, newest first.
    func end(
        _ step: ExponentialStep, _ start: Tensor, _ expansion: TaylorExpansion, _ outputs: [Tensor],
        noise: inout TorchGenerator
    ) -> Tensor {
        var terms = [(step.ofSample, start)]
        terms += zip(weights(step, expansion), outputs).map { ($0, $1) }
        if tau > 0 { terms.append((step.ofNoise, noise.normal(like: start))) }
        return linearCombination(terms)
    }

    /// The integral of the expansion term by term (Lu et al. 2022, arXiv 2206.00927, equation 3.7;
    /// arXiv 2211.01095, equation 10), where midpoint puts half the first weight for the second.
    private func weights(_ step: ExponentialStep, _ expansion: TaylorExpansion) -> [Double] {
        let value = step.weight(1)
        guard let slope = expansion.slope else { return expansion.value.map { -value * $0 } }
        guard let curvature = expansion.curvature else {
            let first = expansion.isThirdOrder || isHeun ? step.weight(2) : value / 2
            return zip(expansion.value, slope).map { -value * $0 - first * $1 }
        }
        let first = step.weight(2)
        // No paper has a stochastic third order; diffusers' has φ_2 + 1/2 for φ_2 − 1/2.
        let second = step.weight(3) + (tau > 0 ? step.to.signal : 0)
        return expansion.value.indices.map {
            -value * expansion.value[$0] - first * slope[$0] - second * curvature[$0]
        }
    }
}

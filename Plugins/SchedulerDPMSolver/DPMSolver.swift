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
    ///   - outputs: weighted.
    func end(
        _ step: ExponentialStep, _ start: Tensor, _ outputs: [(Double, Tensor)],
        noise: inout TorchGenerator
    ) -> Tensor {
        var terms = [(step.ofSample, start)] + outputs
        if tau > 0 { terms.append((step.ofNoise, noise.normal(like: start))) }
        return linearCombination(terms)
    }

    /// What h² · m″ counts.
    ///
    /// No paper has a stochastic third order. diffusers' counts m″ with φ_2 + 1/2 where the
    /// integral has φ_2 − 1/2: of first order, but pictures are compared with its.
    func thirdWeight(_ step: ExponentialStep) -> Double {
        step.weight(3) + (tau > 0 ? step.to.signal : 0)
    }

    /// What h · m′ counts in a step of second order: the exact integral, or by the midpoint rule.
    func slopeWeight(_ step: ExponentialStep) -> Double {
        isHeun ? step.weight(2) : step.weight(1) / 2
    }
}

/// The integral of the predicted quantity's Taylor expansion about the step's start (Lu et al.
/// 2022, arXiv 2206.00927, equation 3.7; arXiv 2211.01095, equation 10).
struct TaylorTerm {
    /// What the derivative counts in the end of the step.
    let weight: Double
    /// What each output, newest first, counts in the derivative.
    let derivative: [Double]

    /// What each output counts in the end of the step.
    static func sum(_ terms: TaylorTerm...) -> [Double] {
        terms[0].derivative.indices.map { output in
            terms.reduce(0) { $0 - $1.weight * $1.derivative[output] }
        }
    }
}

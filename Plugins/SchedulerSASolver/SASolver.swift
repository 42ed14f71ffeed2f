import Checkpoints
import Stages

/// What all trajectories of SA-Solver share.
struct SASolver {
    /// `algorithm_type`.
    enum Algorithm: String, CaseIterable {
        case original = "data_prediction"
        case noise = "noise_prediction"
    }

    let conversion: OutputConversion
    let predictorOrder: Int
    let correctorOrder: Int
    let lowerOrderFinal: Bool
    private let tau: Double
    private let tauStart: Double
    private let tauEnd: Double

    init(_ options: SchedulerOptions) throws(SettingError) {
        let algorithm = try options.choice("algorithm_type", default: Algorithm.original)
        conversion = try OutputConversion(
            options, to: algorithm == .original ? .original : .noise)
        predictorOrder = try options.integer("predictor_order", default: 2, in: 1...4)
        correctorOrder = try options.integer("corrector_order", default: 2, in: 1...4)
        lowerOrderFinal = try options.boolean("lower_order_final", default: true)
        let timesteps = 0...1e6
        tau = try options.number("tau", default: 1, in: 0...10)
        tauStart = try options.number("tau_start", default: 200, in: timesteps)
        tauEnd = try options.number("tau_end", default: 800, in: timesteps)
        // diffusers has a function there, which no file can hold.
        try options.requireAbsent("tau_func")
        try options.requireAbsent("variance_type")
        try options.requireNoFlow()
    }

    /// - Parameter timestep: of the step's start.
    func step(from: NoiseLevel, to: NoiseLevel, timestep: Double) -> ExponentialStep {
        ExponentialStep(
            from: from, to: to, of: conversion.quantity,
            tau: tauStart <= timestep && timestep <= tauEnd ? tau : 0)
    }

    /// Equations of algorithm 1: what the outputs at these λ count, with the step's end among them
    /// for the corrector and without it for the predictor.
    func weights(_ step: ExponentialStep, _ lambdas: [Double]) -> [Double] {
        guard lambdas.count == 2, conversion.quantity == .original else {
            return step.weights(through: lambdas)
        }
        // Of second order the authors' code lets a slope count as in the limit of small steps.
        let distance = lambdas[0] - lambdas[1]
        let slope = distance == 0 ? 0 : step.linearWeight / 2 * step.h / distance
        // The line is m_0 + (λ − λ_s) · slope, where the step's start is one of the two.
        return lambdas[0] == step.from.lambda
            ? [-step.weight(1) - slope, slope] : [-slope, -step.weight(1) + slope]
    }
}

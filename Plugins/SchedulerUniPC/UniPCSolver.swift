import Checkpoints
import Stages
import Tensors

/// What all trajectories of UniPC share.
struct UniPCSolver {
    /// `solver_type`: the function B(h). It cancels out of every coefficient that is solved for,
    /// and is left where there is but one, which the paper sets to 1/2.
    enum Kind: String, CaseIterable {
        case bh1
        case bh2
        /// Words of DPM-Solver and DEIS; diffusers takes them for `bh2`.
        case midpoint
        case heun
        case logrho
    }

    let conversion: OutputConversion
    let order: Int
    let lowerOrderFinal: Bool
    /// Steps that are not corrected, from 0.
    let uncorrected: Set<Int>
    private let kind: Kind

    private static let maximumOrder = 8

    init(_ options: SchedulerOptions, steps: Int) throws(SettingError) {
        let predictsOriginal = try options.boolean("predict_x0", default: true)
        conversion = try OutputConversion(options, to: predictsOriginal ? .original : .noise)
        guard predictsOriginal || !conversion.isBounded else {
            throw options.error("thresholding", "it is of x_0, which predict_x0 = false leaves out")
        }
        order = try options.integer("solver_order", default: 2, in: 1...Self.maximumOrder)
        kind = try options.choice("solver_type", default: .bh2)
        lowerOrderFinal = try options.boolean("lower_order_final", default: true)
        let listed = try options.numbers(
            "disable_corrector", in: 0...Double(steps), atLeast: 0, atMost: steps)
        guard listed?.allSatisfy({ $0 == $0.rounded() }) != false else {
            throw options.error("disable_corrector", "expected whole numbers of steps, from 0")
        }
        uncorrected = Set(listed?.map { Int($0) } ?? [])
        // A predictor of another scheduler's.
        try options.requireAbsent("solver_p")
        try options.requireAbsent("shift_terminal")
        try options.requireNoFlow()
    }

    func step(from: NoiseLevel, to: NoiseLevel) -> ExponentialStep {
        ExponentialStep(from: from, to: to, of: conversion.quantity)
    }

    /// UniP (algorithms 6 and 8): what the outputs at these λ count, the first of which is the
    /// step's start.
    func predictor(_ step: ExponentialStep, _ lambdas: [Double]) -> [Double] {
        guard lambdas.count == 2 else { return step.weights(through: lambdas) }
        // (m_1 − m_0) / r_1 with r_1 = (λ_1 − λ_0) / h.
        let slope = half(step) * step.h / (lambdas[1] - lambdas[0])
        return [-step.weight(1) + slope, -slope]
    }

    /// UniC (algorithms 5 and 7): the same, but the first λ is that of the step's end.
    func corrector(_ step: ExponentialStep, _ lambdas: [Double]) -> [Double] {
        guard lambdas.count == 2 else { return step.weights(through: lambdas) }
        return [-half(step), -step.weight(1) + half(step)]
    }

    /// B(h) / 2.
    private func half(_ step: ExponentialStep) -> Double {
        (kind == .bh1 ? step.linearWeight : step.weight(1)) / 2
    }
}

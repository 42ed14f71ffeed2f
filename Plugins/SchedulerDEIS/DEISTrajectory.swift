import Stages
import Tensors

/// One reverse process of DEIS: Adams-Bashforth with the equation's own exponential.
struct DEISTrajectory: Trajectory {
    private let conversion: OutputConversion
    private let grid: SigmaGrid
    private let levels: [NoiseLevel]
    private let lowersFinal: Bool
    private var history: OutputHistory
    let initialNoiseScale: Float = 1

    private static let fewSteps = 15

    /// - Parameter lowerOrderFinal: in runs of fewer than 15 steps the last is of order one and the
    ///   one before at most of two.
    init(_ conversion: OutputConversion, _ grid: SigmaGrid, order: Int, lowerOrderFinal: Bool) {
        self.conversion = conversion
        self.grid = grid
        levels = grid.levels
        lowersFinal = lowerOrderFinal && grid.count < Self.fewSteps
        history = OutputHistory(capacity: order)
    }

    var timesteps: [Float] { grid.timesteps.map { Float($0) } }
    var sigmas: [Double] { grid.sigmas }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    /// Equation 14 with the coefficients of equation 15, where ε is a polynomial in log ρ = −λ.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let (level, end) = (levels[call], levels[call + 1])
        history.remember(conversion(sample, output, at: level), at: level)
        let order = min(history.count, limit(grid.count - call, end))
        let step = ExponentialStep(from: level, to: end, of: conversion.quantity)
        let weights = step.weights(through: Array(history.lambdas.prefix(order)))
        return linearCombination([(step.ofSample, sample)] + history.terms(weights))
    }

    private func limit(_ remaining: Int, _ end: NoiseLevel) -> Int {
        // No polynomial holds over the infinite λ to a sample without noise.
        if end.noise == 0 { return 1 }
        return lowersFinal ? remaining : .max
    }
}

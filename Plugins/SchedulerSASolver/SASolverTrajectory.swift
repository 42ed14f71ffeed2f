import Stages
import Tensors

/// One reverse process of SA-Solver: each sample is corrected by the model's output for it, with
/// the same noise as it was predicted with, before the next is predicted.
struct SASolverTrajectory: Trajectory {
    private let solver: SASolver
    private let grid: SigmaGrid
    private let levels: [NoiseLevel]
    private var history: OutputHistory
    /// The step that led to the sample of the coming call.
    private var last: Step?
    let initialNoiseScale: Float = 1

    private struct Step {
        let step: ExponentialStep
        let start: DoubledSum
        let noise: Tensor
        let correctorOrder: Int
    }

    init(_ solver: SASolver, _ grid: SigmaGrid) {
        self.solver = solver
        self.grid = grid
        levels = grid.levels
        history = OutputHistory(capacity: max(solver.predictorOrder, solver.correctorOrder))
    }

    var timesteps: [Float] { grid.timesteps.map { Float($0) } }
    var sigmas: [Double] { grid.sigmas }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let level = levels[call]
        history.remember(solver.conversion(sample, output, at: level), at: level)
        let start =
            last.map { DoubledSum(end(of: $0.step, $0.start, $0.noise, $0.correctorOrder)) }
            ?? DoubledSum(sample)

        let orders = orders(call)
        let step = solver.step(
            from: level, to: levels[call + 1], timestep: grid.timesteps[call])
        let drawn = noise.normal(like: sample)
        last = Step(
            step: step, start: start, noise: drawn, correctorOrder: orders.corrector)
        return linearCombination(end(of: step, start, drawn, orders.predictor))
    }

    private func end(
        of step: ExponentialStep, _ start: DoubledSum, _ noise: Tensor, _ order: Int
    ) -> [(Double, Tensor)] {
        let weights = solver.weights(step, Array(history.lambdas.prefix(order)))
        return start.times(step.ofSample) + history.terms(weights) + [(step.ofNoise, noise)]
    }

    private func orders(_ call: Int) -> (predictor: Int, corrector: Int) {
        // No polynomial holds over the infinite λ to a sample without noise.
        if levels[call + 1].noise == 0 { return (1, 1) }
        // The corrector knows one output more: that of the step's end.
        var (predictor, corrector) = (call + 1, call + 2)
        if solver.lowerOrderFinal {
            let remaining = grid.count - call
            (predictor, corrector) = (min(predictor, remaining), min(corrector, remaining + 1))
        }
        return (min(predictor, solver.predictorOrder), min(corrector, solver.correctorOrder))
    }
}

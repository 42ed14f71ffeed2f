import Stages
import Tensors

/// One reverse process of UniPC: each sample is corrected by the model's output for it before the
/// next is predicted, which costs no call of the model.
struct UniPCTrajectory: Trajectory {
    private let solver: UniPCSolver
    private let grid: SigmaGrid
    private let levels: [NoiseLevel]
    private var history: OutputHistory
    /// The step that led to the sample of the coming call.
    private var last: (start: DoubledSum, order: Int)?
    let initialNoiseScale: Float = 1

    init(_ solver: UniPCSolver, _ grid: SigmaGrid) {
        self.solver = solver
        self.grid = grid
        levels = grid.levels
        // A corrector uses one output more than its step's predictor.
        history = OutputHistory(capacity: solver.order + 1)
    }

    var timesteps: [Float] { grid.timesteps.map { Float($0) } }
    var sigmas: [Double] { grid.sigmas }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let level = levels[call]
        history.remember(solver.conversion(sample, output, at: level), at: level)
        let corrected = corrected(sample, call)

        let order = min(history.count, limit(call))
        let step = solver.step(from: level, to: levels[call + 1])
        last = (corrected, order)
        let weights = solver.predictor(step, Array(history.lambdas.prefix(order)))
        return linearCombination(terms(step, corrected, weights))
    }

    private func corrected(_ sample: Tensor, _ call: Int) -> DoubledSum {
        guard let last, !solver.uncorrected.contains(call - 1) else { return DoubledSum(sample) }
        let step = solver.step(from: levels[call - 1], to: levels[call])
        let lambdas = Array(history.lambdas.prefix(last.order + 1))
        return DoubledSum(terms(step, last.start, solver.corrector(step, lambdas)))
    }

    private func terms(
        _ step: ExponentialStep, _ start: DoubledSum, _ weights: [Double]
    ) -> [(Double, Tensor)] {
        start.times(step.ofSample) + history.terms(weights)
    }

    private func limit(_ call: Int) -> Int {
        // No polynomial holds over the infinite λ to a sample without noise.
        if levels[call + 1].noise == 0 { return 1 }
        return solver.lowerOrderFinal ? min(solver.order, grid.count - call) : solver.order
    }
}

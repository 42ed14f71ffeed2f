import Stages
import Tensors

/// One reverse process of the single-step solver.
struct DPMSolverSinglestepTrajectory: Trajectory {
    private let solver: DPMSolver
    private let grid: SigmaGrid
    private let levels: [NoiseLevel]
    private let orders: [Int]
    private var history: OutputHistory
    /// The sample where the step of several calls began.
    private var start: Tensor?
    let initialNoiseScale: Float = 1

    init(_ solver: DPMSolver, _ grid: SigmaGrid) {
        self.solver = solver
        self.grid = grid
        levels = grid.levels
        orders = SinglestepOrders.orders(
            steps: grid.count, order: solver.order, lowersFinal: solver.lowerOrderFinal,
            endsAtZero: grid.sigmas[grid.count] == 0)
        history = OutputHistory(capacity: solver.order)
    }

    var timesteps: [Float] { grid.timesteps.map { Float($0) } }
    var sigmas: [Double] { grid.sigmas }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        history.remember(
            solver.conversion(sample, output, at: levels[call]), at: levels[call])
        let order = orders[call]
        if order == 1 { start = sample }
        let step = solver.step(from: levels[call + 1 - order], to: levels[call + 1])
        let weights = solver.singlestepWeights(step, Array(history.lambdas.prefix(order)))
        return solver.end(step, start ?? sample, history.terms(weights), noise: &noise)
    }
}

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
        let (order, end) = (orders[call], levels[call + 1])
        history.remember(
            solver.conversion(sample, output, at: levels[call]), at: levels[call])
        if order == 1 { start = sample }
        let expansion = TaylorExpansion.singlestep(
            Array(history.lambdas.prefix(order)), end: end.lambda, hasCurvature: solver.isHeun)
        return solver.end(
            solver.step(from: levels[call + 1 - order], to: end), start ?? sample, expansion,
            history.outputs, noise: &noise)
    }
}

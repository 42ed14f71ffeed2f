import Stages
import Tensors

/// When a multistep solver takes less than its order at the end of a run.
struct FinalOrders {
    /// In runs of fewer than 15 steps the last is of order one and the one before at most of two.
    let isLowered: Bool
    /// The last step is of order one in any run.
    let lastIsFirst: Bool

    private static let fewSteps = 15

    init(_ grid: SigmaGrid, lowerOrderFinal: Bool, eulerAtFinal: Bool) {
        isLowered = lowerOrderFinal && grid.count < Self.fewSteps
        // Without noise λ is infinite, and so is any slope over λ.
        lastIsFirst = eulerAtFinal || grid.sigmas[grid.count] == 0
    }

    /// - Parameter remaining: steps, with the one in question.
    func limit(remaining: Int) -> Int {
        switch remaining {
        case 1 where isLowered || lastIsFirst: 1
        case 2 where isLowered: 2
        default: 3
        }
    }
}

/// One reverse process of the multistep solver, or backwards, one to noise.
struct DPMSolverMultistepTrajectory: Trajectory {
    private let solver: DPMSolver
    private let grid: SigmaGrid
    private let levels: [NoiseLevel]
    private let final: FinalOrders
    private var history: OutputHistory
    let initialNoiseScale: Float = 1

    init(_ solver: DPMSolver, _ grid: SigmaGrid, eulerAtFinal: Bool) {
        self.solver = solver
        self.grid = grid
        levels = grid.levels
        final = FinalOrders(
            grid, lowerOrderFinal: solver.lowerOrderFinal, eulerAtFinal: eulerAtFinal)
        history = OutputHistory(capacity: solver.order)
    }

    var timesteps: [Float] { grid.timesteps.map { Float($0) } }
    var sigmas: [Double] { grid.sigmas }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let level = levels[call]
        history.remember(solver.conversion(sample, output, at: level), at: level)
        let step = solver.step(from: level, to: levels[call + 1])
        let order = min(history.count, final.limit(remaining: grid.count - call))
        let weights = solver.multistepWeights(step, Array(history.lambdas.prefix(order)))
        return solver.end(step, sample, history.terms(weights), noise: &noise)
    }
}

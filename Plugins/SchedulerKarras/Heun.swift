import Checkpoints
import Stages
import Tensors

/// Heun's method (Karras et al. 2022, arXiv 2206.00364, algorithm 1): N steps are 2N − 1 calls of
/// the model.
///
/// Options: those of ``KarrasPlan``, and `clip_sample` and `clip_sample_range` as in
/// ``OriginalBound``.
struct SchedulerHeun: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "heun", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "Heun", citation: "Karras et al. 2022, arXiv 2206.00364", order: 2, noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -8.004463, 1.0178828, 0.22885668, -0.004758758,
                -8.64913, 0.7028389, -11.868295, 6.0962186,
            ]))

    private let plan: KarrasPlan
    private let bound: OriginalBound

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        plan = try KarrasPlan(options, betas: .twoCalls)
        bound = try OriginalBound(options, clips: false, thresholds: false)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let grid = try plan.sigmas.grid(steps: steps)
        // The second call of a step is where the step ends.
        let ends = zip(grid.sigmas, grid.timesteps).dropFirst().map {
            SigmaCalls.Middle(sigma: $0, timestep: $1)
        }
        let calls = SigmaCalls(
            grid, through: ends, initialNoiseScale: plan.sigmas.initialNoiseScale(grid))
        return HeunTrajectory(calls: calls, prediction: plan.prediction, bound: bound)
    }
}

struct HeunTrajectory: SigmaTrajectory {
    let calls: SigmaCalls
    let prediction: PredictionType
    let bound: OriginalBound
    /// The sample where the step begins, once Euler's method has gone on from it.
    private var start: Tensor?

    init(calls: SigmaCalls, prediction: PredictionType, bound: OriginalBound) {
        self.calls = calls
        self.prediction = prediction
        self.bound = bound
    }

    /// Euler's x̃ = x + h · d(x, σ), then x' = x + h / 2 · (d(x, σ) + d(x̃, σ')). As h · d(x, σ) is
    /// x̃ − x, the correction is (x + x̃ + h · d(x̃, σ')) / 2.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let length = calls.grid.sigmas[call / 2 + 1] - calls.grid.sigmas[call / 2]
        guard let start else {
            self.start = call + 1 < timesteps.count ? sample : nil
            return linearCombination(
                [(1, sample)] + slope(sample, output, call, times: length))
        }
        self.start = nil
        return linearCombination(
            [(0.5, start), (0.5, sample)] + slope(sample, output, call, times: length / 2))
    }

    private func slope(
        _ sample: Tensor, _ output: Tensor, _ call: Int, times factor: Double
    ) -> [(Double, Tensor)] {
        let level = calls.level(call)
        if bound == .none { return (factor * level.epsilon(prediction)).terms(sample, output) }
        let bounded = bound(level.original(prediction)(sample, output))
        return (factor * level.epsilon(.sample)).terms(sample, bounded)
    }
}

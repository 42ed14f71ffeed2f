import Checkpoints
import Stages
import Tensors

/// A linear multistep method: that of Adams and Bashforth for steps of any lengths (Hairer, Nørsett
/// and Wanner 1993, Solving Ordinary Differential Equations I, section III.5), in σ.
///
/// Options: those of ``KarrasPlan``, and `order` (1 to 4, by default 4: of how many calls the slope
/// is used; diffusers passes it to `step`).
struct SchedulerLinearMultistep: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "lms", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "Linear multistep", citation: "Crowson 2022; Karras et al. 2022, arXiv 2206.00364",
        order: 4, noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -7.0878434, 0.6930088, -0.11464372, -0.30940655,
                -7.3054776, 0.34834307, -8.291524, 4.6426053,
            ]))

    private let plan: KarrasPlan
    private let order: Int

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        plan = try KarrasPlan(options, betas: NoiseSchedule.Defaults())
        order = try options.integer("order", default: 4, in: 1...4)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        LinearMultistepTrajectory(
            calls: try plan.sigmas.calls(steps: steps), prediction: plan.prediction, order: order)
    }
}

struct LinearMultistepTrajectory: SigmaTrajectory {
    let calls: SigmaCalls
    private let prediction: PredictionType
    private let order: Int
    /// dx/dσ at the last calls, the newest first: sums that are not taken yet, since their weights
    /// may be large and of both signs.
    private var slopes: [[(Double, Tensor)]] = []

    init(calls: SigmaCalls, prediction: PredictionType, order: Int) {
        self.calls = calls
        self.prediction = prediction
        self.order = order
    }

    /// x' = x + ∫ d(σ) dσ over the step, d being the polynomial through the last slopes.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        slopes.insert(calls.level(call).epsilon(prediction).terms(sample, output), at: 0)
        slopes = Array(slopes.prefix(order))
        let places = (0..<slopes.count).map { calls.grid.sigmas[call - $0] }
        let weights = Self.weights(places, to: calls.grid.sigmas[call + 1])
        return linearCombination(
            [(1, sample)]
                + zip(weights, slopes).flatMap { weight, slope in
                    slope.map { (weight * $0, $1) }
                })
    }

    /// The integrals of Lagrange's polynomials, multiplied out, from the first place on.
    static func weights(_ places: [Double], to end: Double) -> [Double] {
        let distances = places.map { $0 - places[0] }
        return distances.indices.map { index in
            // Its coefficients, the constant first.
            var polynomial = [1.0]
            for (other, distance) in distances.enumerated() where other != index {
                let scale = distances[index] - distance
                let raised = [0] + polynomial
                polynomial = zip(raised, polynomial + [0]).map { ($0 - $1 * distance) / scale }
            }
            var (integral, power) = (0.0, 1.0)
            for (degree, coefficient) in polynomial.enumerated() {
                power *= end - places[0]
                integral += coefficient * power / Double(degree + 1)
            }
            return integral
        }
    }
}

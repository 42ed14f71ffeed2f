import Stages
import Tensors

/// What all trajectories of a DDIM scheduler share.
struct DDIMPlan {
    let schedule: NoiseSchedule
    let prediction: PredictionType
    let bound: OriginalBound
    let eta: Double
    /// Whether ε is made again from a bounded x_0.
    let rederivesNoise: Bool
}

/// One reverse process of DDIM; it needs no memory of earlier steps.
struct DDIMTrajectory: Trajectory {
    private let plan: DDIMPlan
    private let steps: [(from: Int, to: Int)]
    let initialNoiseScale: Float = 1

    /// - Parameter steps: from which timestep to which; below zero is past the last step.
    init(plan: DDIMPlan, steps: [(from: Int, to: Int)]) {
        self.plan = plan
        self.steps = steps
    }

    var timesteps: [Float] { steps.map { Float($0.from) } }

    var sigmas: [Double] {
        let ends = steps.last.map { [$0.to] } ?? []
        return (steps.map(\.from) + ends).map(plan.schedule.sigma)
    }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    /// Equation 12: x' = √ᾱ' · x_0 + √(1 − ᾱ' − σ²) · ε + σ · z. Both x_0 and ε are linear in the
    /// sample and the model's output, so without a bound a step is one linear combination.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let alpha = plan.schedule.alpha(at: steps[call].from)
        let next = plan.schedule.alpha(at: steps[call].to)
        let level = NoiseLevel.preserving(alpha: alpha)
        let original = level.original(plan.prediction)
        let epsilon = level.epsilon(plan.prediction)
        let deviation = plan.eta * self.deviation(alpha, next)
        let direction = max(0, 1 - next - deviation * deviation).squareRoot()
        let root = next.squareRoot()

        var terms: [(Double, Tensor)]
        if plan.bound == .none {
            terms = (root * original + direction * epsilon).terms(sample, output)
        } else {
            let bounded = plan.bound(original(sample, output))
            terms = [(root, bounded)]
            if plan.rederivesNoise {
                let again = level.epsilon(.sample)
                terms += (direction * again).terms(sample, bounded)
            } else {
                terms += (direction * epsilon).terms(sample, output)
            }
        }
        if plan.eta > 0 { terms.append((deviation, noise.normal(like: sample))) }
        return linearCombination(terms)
    }

    /// Equation 16 for η = 1.
    private func deviation(_ alpha: Double, _ next: Double) -> Double {
        max(0, (1 - next) / (1 - alpha) * (1 - alpha / next)).squareRoot()
    }
}

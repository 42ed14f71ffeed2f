import Stages
import Tensors

/// What all trajectories of a DDIM scheduler share.
struct DDIMPlan {
    let schedule: NoiseSchedule
    let prediction: PredictionType
    /// The largest magnitude of the predicted x_0.
    let clip: Float?
    let eta: Double
}

/// One reverse process of DDIM; it needs no memory of earlier steps.
struct DDIMTrajectory: Trajectory {
    private let plan: DDIMPlan
    private let steps: [Int]
    private let stride: Int
    let initialNoiseScale: Float = 1

    init(plan: DDIMPlan, steps: [Int]) {
        self.plan = plan
        self.steps = steps
        stride = plan.schedule.count / steps.count
    }

    var timesteps: [Float] { steps.map(Float.init) }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    /// Equation 12: x' = √ᾱ' · x_0 + √(1 − ᾱ' − σ²) · ε + σ · z. Both x_0 and ε are linear in the
    /// sample and the model's output, so without clipping a step is one linear combination.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let timestep = steps[call]
        let alpha = plan.schedule.alpha(at: timestep)
        let next = plan.schedule.alpha(at: timestep - stride)
        let (original, epsilon) = predictions(alpha)
        let deviation = plan.eta * self.deviation(alpha, next)
        let direction = max(0, 1 - next - deviation * deviation).squareRoot()
        let root = next.squareRoot()

        var terms: [(Float, Tensor)]
        if let clip = plan.clip {
            let clipped = linearCombination(original.terms(sample, output)).clamped(to: clip)
            terms = [(Float(root), clipped)] + (direction * epsilon).terms(sample, output)
        } else {
            terms = (root * original + direction * epsilon).terms(sample, output)
        }
        if plan.eta > 0 {
            terms.append(
                (Float(deviation), noise.normal(outermost(sample.shape)).channelsInnermost()))
        }
        return linearCombination(terms)
    }

    /// x_0 and ε as combinations of the sample and the model's output.
    private func predictions(_ alpha: Double) -> (original: Combination, epsilon: Combination) {
        let (signal, noise) = (alpha.squareRoot(), (1 - alpha).squareRoot())
        switch plan.prediction {
        case .epsilon:
            return (
                Combination(sample: 1 / signal, output: -noise / signal),
                Combination(sample: 0, output: 1)
            )
        case .sample:
            return (
                Combination(sample: 0, output: 1),
                Combination(sample: 1 / noise, output: -signal / noise)
            )
        case .velocity:
            return (
                Combination(sample: signal, output: -noise),
                Combination(sample: noise, output: signal)
            )
        }
    }

    /// Equation 16 for η = 1.
    private func deviation(_ alpha: Double, _ next: Double) -> Double {
        max(0, (1 - next) / (1 - alpha) * (1 - alpha / next)).squareRoot()
    }

    /// PyTorch draws noise with channels outermost: `[B, C, H, W]` for a sample `[B, H, W, C]`.
    private func outermost(_ shape: Shape) -> Shape {
        [shape[0], shape[3], shape[1], shape[2]]
    }
}

/// A linear combination of a sample and the model's output.
struct Combination {
    let sample: Double
    let output: Double

    static func + (a: Combination, b: Combination) -> Combination {
        Combination(sample: a.sample + b.sample, output: a.output + b.output)
    }

    static func * (factor: Double, a: Combination) -> Combination {
        Combination(sample: factor * a.sample, output: factor * a.output)
    }

    func terms(_ sample: Tensor, _ output: Tensor) -> [(Float, Tensor)] {
        [(Float(self.sample), sample), (Float(self.output), output)]
    }
}

extension Tensor {
    /// Every element within plus and minus `bound`.
    fileprivate func clamped(to bound: Float) -> Tensor {
        withSpan { elements in
            Tensor(shape) { (span: inout MutableSpan<Float>) in
                for index in span.indices { span[index] = min(max(elements[index], -bound), bound) }
            }
        }
    }
}

import Stages
import Tensors

/// One reverse process of PNDM: remembers up to four outputs, and the sample that a step of
/// several evaluations began from.
struct PNDMTrajectory: Trajectory {
    private let schedule: NoiseSchedule
    private let prediction: PredictionType
    private let calls: [PNDMCall]
    let initialNoiseScale: Float = 1

    /// Newest first.
    private var outputs: [Tensor] = []
    private var start: Tensor?
    /// The outputs of the Runge-Kutta step so far.
    private var stages: [Tensor] = []

    init(schedule: NoiseSchedule, prediction: PredictionType, calls: [PNDMCall]) {
        self.schedule = schedule
        self.prediction = prediction
        self.calls = calls
    }

    var timesteps: [Float] { calls.map { Float($0.timestep) } }

    var sigmas: [Double] {
        (calls.map(\.timestep) + [calls[calls.count - 1].to]).map(schedule.sigma)
    }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let plan = calls[call]
        switch plan.direction {
        case .multistep:
            remember(output)
            start = sample
            return move(sample, along: multistep(), plan)
        case .corrected:
            let begin = start ?? sample
            return move(begin, along: [(0.5, output), (0.5, outputs[0])], plan)
        case .rungeKutta(let stage):
            if stage == 0 {
                remember(output)
                start = sample
                stages = []
            }
            stages.append(output)
            // The last evaluation weighs them all; the others go on alone.
            let direction = stage == 3 ? weighted(Self.rungeKutta, stages) : [(1, output)]
            return move(start ?? sample, along: direction, plan)
        }
    }

    private mutating func remember(_ output: Tensor) {
        outputs = [output] + outputs.prefix(3)
    }

    /// Adams-Bashforth of order one to four, by the outputs there are (equation 12).
    private func multistep() -> [(Double, Tensor)] {
        weighted(AdamsBashforth.weights(order: outputs.count), outputs)
    }

    private static let rungeKutta: [Double] = [1 / 6, 1 / 3, 1 / 3, 1 / 6]

    private func weighted(_ weights: [Double], _ tensors: [Tensor]) -> [(Double, Tensor)] {
        zip(weights, tensors).map { ($0, $1) }
    }

    /// Equation 9: x' = √(ᾱ'/ᾱ) · x − (ᾱ' − ᾱ) / (ᾱ·√(1 − ᾱ') + √(ᾱ(1 − ᾱ)ᾱ')) · ε.
    /// For a model that predicts v, ε = √ᾱ · v + √(1 − ᾱ) · x.
    private func move(
        _ sample: Tensor, along direction: [(Double, Tensor)], _ call: PNDMCall
    ) -> Tensor {
        let alpha = schedule.alpha(at: call.from)
        let next = schedule.alpha(at: call.to)
        let denominator =
            alpha * (1 - next).squareRoot() + (alpha * (1 - alpha) * next).squareRoot()
        let slope = -(next - alpha) / denominator
        var ofSample = (next / alpha).squareRoot()
        var ofOutput = slope
        if prediction == .velocity {
            ofSample += slope * (1 - alpha).squareRoot()
            ofOutput *= alpha.squareRoot()
        }
        return linearCombination(
            [(ofSample, sample)] + direction.map { ($0 * ofOutput, $1) })
    }
}

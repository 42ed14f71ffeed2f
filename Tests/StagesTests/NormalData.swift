import Checkpoints
import Foundation
import Stages
import Tensors

/// Data whose elements are each normal: what a perfect model says of them has a closed form, and
/// so has the way of a sample from noise to data.
struct NormalData {
    let mean = 0.4
    let deviation = 0.6

    /// A sample whose variance is preserved, on the deterministic way that `place` names: how
    /// many standard deviations it is from the mean, which stays (Song et al. 2021, arXiv
    /// 2011.13456, equation 13, for a normal density).
    func sample(_ place: Double, at level: NoiseLevel) -> Double {
        level.signal * mean + standardDeviation(at: level) * place
    }

    func standardDeviation(at level: NoiseLevel) -> Double {
        variance(level).squareRoot()
    }

    private func variance(_ level: NoiseLevel) -> Double {
        let signal = level.signal * deviation
        return signal * signal + level.noise * level.noise
    }

    /// The expected noise in a sample, or the velocity.
    func output(_ prediction: PredictionType, seen: Tensor, at level: NoiseLevel) -> Tensor {
        // Of the distance from the mean.
        let epsilon = level.noise / variance(level)
        let original = level.signal * deviation * deviation / variance(level)
        let slope: Double
        let atMean: Double
        switch prediction {
        case .epsilon: (slope, atMean) = (epsilon, 0)
        case .sample: (slope, atMean) = (original, mean)
        case .velocity:
            slope = level.signal * epsilon - level.noise * original
            atMean = -level.noise * mean
        }
        return linearCombination([
            (slope, seen),
            (atMean - slope * level.signal * mean, Tensor(seen.shape, repeating: 1)),
        ])
    }
}

/// A reverse process against a perfect model of normal data.
struct NormalRun {
    let data = NormalData()
    let prediction: PredictionType
    private var trajectory: any Trajectory
    private let sigmas: [Double]
    private let shape: Shape

    init(
        _ scheduler: String, _ settings: [String: SettingValue], steps: Int,
        _ prediction: PredictionType, _ shape: Shape
    ) throws {
        trajectory = try makeScheduler(scheduler, settings).trajectory(steps: steps)
        self.prediction = prediction
        self.shape = shape
        var sigmas = trajectory.sigmas
        if let middle = Self.middle(scheduler, settings) {
            // They say where a step begins and ends, not where its second call is.
            let ends = sigmas
            for call in stride(from: 1, to: trajectory.timesteps.count, by: 2) {
                sigmas[call] = middle(ends[call - 1], ends[call])
            }
        }
        self.sigmas = sigmas
    }

    /// Where the second call of a step stands, for solvers by the midpoint rule: half-way in
    /// log σ, to the next level or below it as the noise that is to follow asks.
    private static func middle(
        _ scheduler: String, _ settings: [String: SettingValue]
    ) -> ((_ from: Double, _ to: Double) -> Double)? {
        switch scheduler {
        case "dpm2", "dpmpp_sde":
            return { from, to in (from * to).squareRoot() }
        case "dpm2_a", "dpmpp_2s_a":
            let eta = (try? Settings(settings).number("eta", default: 1)) ?? 1
            return { from, to in
                let up = eta * to * (1 - to * to / (from * from)).squareRoot()
                return (from * (to * to - up * up).squareRoot()).squareRoot()
            }
        default: return nil
        }
    }

    func level(_ call: Int) -> NoiseLevel {
        let sigma = sigmas[call]
        return sigma.isInfinite
            ? NoiseLevel(signal: 0, noise: 1) : NoiseLevel.preserving(sigma: sigma)
    }

    /// The sample after the last step that ends with noise left, as the model would see it, and
    /// its level. A step to no noise at all is left out: it is as long whatever the number of
    /// steps, and so is its error.
    ///
    /// - Parameter start: the initial sample, as the model sees it.
    mutating func lastNoisySample(
        from start: Tensor, noise: inout TorchGenerator
    ) -> (sample: Tensor, level: NoiseLevel) {
        let calls = trajectory.timesteps.count
        let one = Tensor(shape, repeating: 1)
        let scale = trajectory.modelInput(one, call: 0).values[0]
        var sample = linearCombination([(1 / Double(scale), start)])
        for call in 0..<calls {
            let seen = trajectory.modelInput(sample, call: call)
            if call == calls - 1, sigmas[calls] == 0 { return (seen, level(call)) }
            let output = data.output(prediction, seen: seen, at: level(call))
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        precondition(scale == 1, "the scale of the last sample is not known")
        return (sample, level(calls))
    }
}

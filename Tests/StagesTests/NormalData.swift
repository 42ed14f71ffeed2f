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
        let (variance, deviation) = (variance(level), deviation)
        return Tensor(
            seen.shape,
            seen.values.map { seen in
                let share = (Double(seen) - level.signal * mean) / variance
                let epsilon = level.noise * share
                let original = mean + level.signal * deviation * deviation * share
                return switch prediction {
                case .epsilon: Float(epsilon)
                case .sample: Float(original)
                case .velocity: Float(level.signal * epsilon - level.noise * original)
                }
            })
    }
}

/// A reverse process against a perfect model of normal data.
struct NormalRun {
    let data = NormalData()
    let prediction: PredictionType
    private(set) var trajectory: any Trajectory
    private let shape: Shape

    init(_ trajectory: any Trajectory, _ prediction: PredictionType, _ shape: Shape) {
        self.trajectory = trajectory
        self.prediction = prediction
        self.shape = shape
    }

    func level(_ call: Int) -> NoiseLevel {
        let sigma = trajectory.sigmas[call]
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
            if call == calls - 1, trajectory.sigmas[calls] == 0 { return (seen, level(call)) }
            let output = data.output(prediction, seen: seen, at: level(call))
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        precondition(scale == 1, "the scale of the last sample is not known")
        return (sample, level(calls))
    }
}

import Glibc

/// The noise levels that a run visits.
public struct SigmaGrid: Sendable, Equatable {
    /// The training timestep of each level, as the model is told it; descending, or
    /// ascending from a picture back to noise.
    public let timesteps: [Double]
    /// σ = √((1 − ᾱ) / ᾱ) of each level, and then where the last step ends.
    public let sigmas: [Double]

    public init(timesteps: [Double], sigmas: [Double]) {
        precondition(sigmas.count == timesteps.count + 1, "a grid without its end")
        self.timesteps = timesteps
        self.sigmas = sigmas
    }

    /// The steps.
    public var count: Int { timesteps.count }

    /// The levels of samples whose variance is preserved.
    public var levels: [NoiseLevel] { sigmas.map(NoiseLevel.preserving(sigma:)) }
}

/// σ of training timesteps, and back.
public struct SigmaTable: Sendable {
    /// Ascending, one for each timestep.
    public let sigmas: [Double]
    private let logarithms: [Double]

    public init(_ schedule: NoiseSchedule) {
        sigmas = schedule.sigmas
        logarithms = sigmas.map { log($0) }
    }

    public var smallest: Double { sigmas[0] }
    public var largest: Double { sigmas[sigmas.count - 1] }

    /// Between timesteps in proportion, as `numpy.interp` does.
    public func sigma(at timestep: Double) -> Double {
        let last = sigmas.count - 1
        guard timestep > 0 else { return sigmas[0] }
        guard timestep < Double(last) else { return sigmas[last] }
        let below = Int(timestep)
        let share = timestep - Double(below)
        return sigmas[below] + (sigmas[below + 1] - sigmas[below]) * share
    }

    /// Between timesteps in proportion to log σ (Karras et al. 2022, arXiv 2206.00364, as
    /// k-diffusion maps σ to the timesteps of a discrete model); within the table's range.
    public func timestep(of sigma: Double) -> Double {
        guard sigmas.count > 1 else { return 0 }
        let logarithm = log(max(sigma, 1e-10))
        // The last timestep whose σ is not above.
        var (low, high) = (0, sigmas.count - 1)
        while low + 1 < high {
            let middle = (low + high) / 2
            if logarithms[middle] <= logarithm { low = middle } else { high = middle }
        }
        // A β of zero makes two timesteps alike.
        guard logarithms[low] < logarithms[low + 1] else { return Double(low) }
        let share = (logarithms[low] - logarithm) / (logarithms[low] - logarithms[low + 1])
        let clamped = min(max(share, 0), 1)
        return (1 - clamped) * Double(low) + clamped * Double(low + 1)
    }
}

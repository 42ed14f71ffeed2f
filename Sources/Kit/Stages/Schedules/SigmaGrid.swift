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
    /// One for each timestep; ascending, but for the last one of a schedule with zero
    /// signal-to-noise ratio, which stands for an infinite one.
    public let sigmas: [Double]
    private let logarithms: [Double]
    /// The smallest logarithm from each timestep on: ascending in any case.
    private let floors: [Double]

    public init(_ schedule: NoiseSchedule) {
        sigmas = schedule.sigmas
        logarithms = sigmas.map { log($0) }
        var floors = logarithms
        for index in floors.indices.dropLast().reversed() {
            floors[index] = min(floors[index], floors[index + 1])
        }
        self.floors = floors
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
            if floors[middle] <= logarithm { low = middle } else { high = middle }
        }
        let distance = logarithms[low] - logarithms[low + 1]
        // A β of zero makes two timesteps alike.
        guard distance != 0 else { return Double(low) }
        let clamped = min(max((logarithms[low] - logarithm) / distance, 0), 1)
        return (1 - clamped) * Double(low) + clamped * Double(low + 1)
    }
}

import Stages
import Tensors

/// Normal noise from one Brownian path over σ: steps of other lengths along the same path make much
/// the same picture (Crowson 2022).
struct BrownianNoise {
    private let range: ClosedRange<Double>
    private var seed: UInt64?

    /// - Parameter seed: of the path; none to draw it with the first noise.
    init(seed: UInt64?, over range: ClosedRange<Double>) {
        self.seed = seed
        self.range = range
    }

    /// (W(σ') − W(σ)) / √(σ − σ') times the standard deviation.
    mutating func term(
        _ deviation: Double, from sigma: Double, to next: Double, like sample: Tensor,
        _ noise: inout TorchGenerator
    ) -> (Double, Tensor) {
        let seed = seed ?? noise.nextUInt64() % (1 << 63 - 1)
        self.seed = seed
        let increment = BrownianTree(seed: seed, over: range)
            .increment(from: next, to: sigma, like: sample)
        return (-deviation / (sigma - next).squareRoot(), increment)
    }
}

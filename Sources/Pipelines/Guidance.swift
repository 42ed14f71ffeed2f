import Tensors

/// Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598).
public struct Guidance: Sendable, Equatable {
    /// The scale g; 1 is none.
    public let scale: Double
    /// How far a guided output is scaled back to the spread of the conditional one, from 0 to 1:
    /// without it models of zero terminal signal-to-noise ratio overexpose (Lin et al. 2023, arXiv
    /// 2305.08891, section 3.4).
    public let rescale: Double

    public init(scale: Double, rescale: Double = 0) {
        self.scale = scale
        self.rescale = rescale
    }

    var isOn: Bool { scale != 1 }

    /// As the recipe has it.
    var recipe: String { rescale == 0 ? "\(scale)" : "\(scale), rescale \(rescale)" }

    /// u + g · (c − u), as diffusers writes it; then equations 15 and 16 of Lin et al.
    /// - Parameter both: `[2, …]`: unconditional, conditional.
    /// - Returns: `[1, …]`.
    func callAsFunction(_ both: Tensor) -> Tensor {
        let unconditional = both.slice(axis: 0, 0..<1)
        let conditional = both.slice(axis: 0, 1..<2)
        let guided = linearCombination([(1 - scale, unconditional), (scale, conditional)])
        guard rescale > 0 else { return guided }
        let spread = deviation(guided)
        guard spread > 0 else { return guided }
        let factor = rescale * deviation(conditional) / spread + (1 - rescale)
        return linearCombination([(factor, guided)])
    }

    /// The standard deviation of all elements, as `torch.std` estimates it.
    private func deviation(_ tensor: Tensor) -> Double {
        let values = tensor.values.map(Double.init)
        let mean = values.reduce(0, +) / Double(values.count)
        let sum = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (sum / Double(max(values.count - 1, 1))).squareRoot()
    }
}

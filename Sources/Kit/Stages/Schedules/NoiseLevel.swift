import Glibc
public import Tensors

/// What the model was trained to output.
public enum PredictionType: String, Sendable, CaseIterable {
    /// The noise ε.
    case epsilon
    /// The sample x_0.
    case sample
    /// v = √ᾱ · ε − √(1 − ᾱ) · x_0 (Salimans and Ho 2022, arXiv 2202.00512, appendix D).
    case velocity = "v_prediction"
}

/// How much of a sample is signal and how much is noise: x = signal · x_0 + noise · ε.
public struct NoiseLevel: Sendable, Equatable {
    public let signal: Double
    public let noise: Double

    public init(signal: Double, noise: Double) {
        self.signal = signal
        self.noise = noise
    }

    /// Of a sample √ᾱ · x_0 + √(1 − ᾱ) · ε, whose variance is preserved.
    public static func preserving(alpha: Double) -> NoiseLevel {
        NoiseLevel(signal: alpha.squareRoot(), noise: (1 - alpha).squareRoot())
    }

    /// The same by σ = √((1 − ᾱ) / ᾱ).
    public static func preserving(sigma: Double) -> NoiseLevel {
        let signal = 1 / (sigma * sigma + 1).squareRoot()
        return NoiseLevel(signal: signal, noise: sigma * signal)
    }

    /// Of a sample x_0 + σ · ε, whose variance explodes.
    public static func exploding(sigma: Double) -> NoiseLevel {
        NoiseLevel(signal: 1, noise: sigma)
    }

    /// λ = log(signal / noise), half the logarithm of the signal-to-noise ratio (Lu et al. 2022,
    /// arXiv 2206.00927, section 3.1). Infinite without noise.
    public var lambda: Double { log(signal) - log(noise) }

    /// √(signal² + noise²); 1 if the variance is preserved.
    public var scale: Double { (signal * signal + noise * noise).squareRoot() }

    /// A sample as a model sees it that was trained on samples of preserved variance.
    public func modelInput(_ sample: Tensor) -> Tensor { linearCombination([(1 / scale, sample)]) }

    /// x_0 from a sample at this level and the model's output for it.
    public func original(_ prediction: PredictionType) -> Combination {
        switch prediction {
        case .epsilon: Combination(sample: 1 / signal, output: -noise / signal)
        case .sample: Combination(sample: 0, output: 1)
        case .velocity:
            Combination(sample: signal / (scale * scale), output: -noise / scale)
        }
    }

    /// ε from a sample at this level and the model's output for it.
    public func epsilon(_ prediction: PredictionType) -> Combination {
        switch prediction {
        case .epsilon: Combination(sample: 0, output: 1)
        case .sample: Combination(sample: 1 / noise, output: -signal / noise)
        case .velocity: Combination(sample: noise / (scale * scale), output: signal / scale)
        }
    }
}

/// A linear combination of a sample and the model's output.
public struct Combination: Sendable, Equatable {
    public let sample: Double
    public let output: Double

    public init(sample: Double, output: Double) {
        self.sample = sample
        self.output = output
    }

    public static func + (a: Combination, b: Combination) -> Combination {
        Combination(sample: a.sample + b.sample, output: a.output + b.output)
    }

    public static func * (factor: Double, a: Combination) -> Combination {
        Combination(sample: factor * a.sample, output: factor * a.output)
    }

    /// For ``linearCombination(_:)``. Terms of factor zero are left out: what is infinite there
    /// must not count.
    public func terms(_ sample: Tensor, _ output: Tensor) -> [(Double, Tensor)] {
        let terms = [(self.sample, sample), (self.output, output)].filter { $0.0 != 0 }
        return terms.isEmpty ? [(0, sample)] : terms
    }

    public func callAsFunction(_ sample: Tensor, _ output: Tensor) -> Tensor {
        linearCombination(terms(sample, output))
    }
}

public import Checkpoints
import Glibc

/// How much noise a training timestep carries: what every scheduler starts from.
///
/// The forward process is x_t = √ᾱ_t · x_0 + √(1 − ᾱ_t) · ε with ᾱ_t = Π (1 − β_s) over s ≤ t
/// (Ho et al. 2020, arXiv 2006.11239, equation 4). Everything is in double precision: 1 − ᾱ is
/// small at early timesteps, and its digits would be lost in single precision.
///
/// Options have the names of diffusers' schedulers; their defaults differ between algorithms.
public struct NoiseSchedule: Sendable {
    /// ᾱ_t for each training timestep t.
    public let alphas: [Double]
    /// ᾱ of the sample itself, one step past timestep 0.
    public let finalAlpha: Double

    /// - Parameter alphaIsOneAtEnd: `set_alpha_to_one`: whether the last step ends at ᾱ = 1, or at
    ///   the ᾱ of timestep 0, as Stable Diffusion was sampled with.
    public init(alphas: [Double], alphaIsOneAtEnd: Bool) {
        precondition(!alphas.isEmpty, "a schedule without timesteps")
        self.alphas = alphas
        finalAlpha = alphaIsOneAtEnd ? 1 : alphas[0]
    }

    /// Reads `num_train_timesteps`, `beta_start`, `beta_end`, `beta_schedule`, `trained_betas` and
    /// `rescale_betas_zero_snr`; for algorithms that step between timesteps also
    /// `set_alpha_to_one`.
    /// - Parameters:
    ///   - defaults: of the options that differ between algorithms.
    ///   - steps: what the algorithm steps between.
    public init(
        _ options: SchedulerOptions, _ defaults: Defaults = Defaults(), steps: Steps
    ) throws(SettingError) {
        let count = try options.integer(
            "num_train_timesteps", default: 1000, in: 1...Self.maximumTimesteps)
        var alphas = try Self.alphas(options, count: count, defaults)
        // Outside, a step would divide by zero.
        guard let first = alphas.first, let last = alphas.last, first < 1, last > 0 else {
            throw SettingError(
                key: "beta_start, beta_end",
                message: "these betas add no noise in \(count) timesteps, or leave nothing but "
                    + "noise")
        }
        if try options.boolean("rescale_betas_zero_snr", default: false) {
            alphas = Self.rescaledToZeroSNR(alphas)
            // Noise alone has no finite σ: as diffusers does, the smallest ᾱ of half precision.
            if steps == .sigmas { alphas[count - 1] = 0x1p-24 }
        }
        var alphaIsOneAtEnd = true
        if case .timesteps(let isOne?) = steps {
            alphaIsOneAtEnd = try options.boolean("set_alpha_to_one", default: isOne)
        }
        self.init(alphas: alphas, alphaIsOneAtEnd: alphaIsOneAtEnd)
    }

    /// What an algorithm steps between.
    public enum Steps: Sendable, Equatable {
        /// Training timesteps, the last step to past timestep 0.
        /// - alphaIsOneAtEnd: the default of `set_alpha_to_one`; `nil` for an algorithm without
        ///   that option, which ends at ᾱ = 1.
        case timesteps(alphaIsOneAtEnd: Bool?)
        /// Noise levels σ = √((1 − ᾱ) / ᾱ), which must be finite.
        case sigmas
    }

    /// Where diffusers' classes disagree about betas that nobody set.
    public struct Defaults: Sendable {
        let start: Double
        let end: Double
        let kind: Betas

        public init(start: Double = 0.0001, end: Double = 0.02, kind: Betas = .linear) {
            self.start = start
            self.end = end
            self.kind = kind
        }

        public static let stableDiffusion = Defaults(
            start: 0.00085, end: 0.012, kind: .scaledLinear)
    }

    /// The training timesteps.
    public var count: Int { alphas.count }

    /// ᾱ of a timestep; those below zero are past the last step.
    public func alpha(at timestep: Int) -> Double {
        timestep < 0 ? finalAlpha : alphas[timestep]
    }

    /// σ of a timestep; those below zero are past the last step.
    public func sigma(at timestep: Int) -> Double {
        let alpha = alpha(at: timestep)
        return ((1 - alpha) / alpha).squareRoot()
    }

    /// σ = √((1 − ᾱ) / ᾱ) of each timestep, ascending: the noise of a sample x_0 + σ · ε.
    public var sigmas: [Double] { alphas.map { ((1 - $0) / $0).squareRoot() } }

    private static let maximumTimesteps = 100_000

    private static func alphas(
        _ options: SchedulerOptions, count: Int, _ defaults: Defaults
    ) throws(SettingError) -> [Double] {
        let start = try options.number("beta_start", default: defaults.start, in: 0...0.999)
        let end = try options.number("beta_end", default: defaults.end, in: 0...0.999)
        let kind = try options.choice("beta_schedule", default: defaults.kind)
        let trained = try options.numbers("trained_betas", in: 0...0.9999, atMost: maximumTimesteps)
        if let trained, trained.count != count {
            throw SettingError(
                key: "trained_betas",
                message: "\(trained.count) betas for \(count) timesteps; set num_train_timesteps "
                    + "to \(trained.count)")
        }
        var product = 1.0
        return (trained ?? kind.betas(count: count, from: start, to: end)).map { beta in
            product *= 1 - beta
            return product
        }
    }

    /// Shifts and scales √ᾱ so that the last timestep is noise alone and the first is as before
    /// (Lin et al. 2023, arXiv 2305.08891, algorithm 1).
    private static func rescaledToZeroSNR(_ alphas: [Double]) -> [Double] {
        let roots = alphas.map { $0.squareRoot() }
        guard let first = roots.first, let last = roots.last, first > last else { return alphas }
        return roots.map { root in
            let rescaled = (root - last) * first / (first - last)
            return rescaled * rescaled
        }
    }
}

/// How β grows from `beta_start` to `beta_end`.
public enum Betas: String, Sendable, CaseIterable {
    /// In equal steps.
    case linear
    /// Its square root in equal steps: the latent-diffusion models.
    case scaledLinear = "scaled_linear"
    /// From a squared cosine as ᾱ, β at most 0.999 (Nichol and Dhariwal 2021, arXiv
    /// 2102.09672, equation 17); the two ends are not used.
    case squaredCosine = "squaredcos_cap_v2"
    /// From e^(−12t) as ᾱ, t growing from 0 to 1; the two ends are not used.
    case exponential = "exp"
    /// By the logistic function from −6 to 6 (GeoDiff: Xu et al. 2022, arXiv 2203.02923).
    case sigmoid

    func betas(count: Int, from start: Double, to end: Double) -> [Double] {
        /// The fraction of the way from the first timestep to the last.
        func way(_ t: Int) -> Double { count == 1 ? 0 : Double(t) / Double(count - 1) }
        func squaredCosine(_ time: Double) -> Double {
            let root = cos((time + 0.008) / 1.008 * .pi / 2)
            return root * root
        }
        return (0..<count).map { t in
            switch self {
            case .linear:
                return start + (end - start) * way(t)
            case .scaledLinear:
                let root = start.squareRoot() + (end.squareRoot() - start.squareRoot()) * way(t)
                return root * root
            case .squaredCosine:
                let now = squaredCosine(Double(t) / Double(count))
                let next = squaredCosine(Double(t + 1) / Double(count))
                return min(1 - next / now, 0.999)
            case .exponential:
                return min(1 - exp(-12 / Double(count)), 0.999)
            case .sigmoid:
                return start + (end - start) / (1 + exp(6 - 12 * way(t)))
            }
        }
    }
}

public import Checkpoints
import Glibc

/// How much noise a training timestep carries: what every scheduler starts from.
///
/// The forward process is x_t = √ᾱ_t · x_0 + √(1 − ᾱ_t) · ε with ᾱ_t = Π (1 − β_s) over s ≤ t
/// (Ho et al. 2020, arXiv 2006.11239, equation 4). Everything is in double precision: 1 − ᾱ is
/// small at early timesteps, and its digits would be lost in single precision.
///
/// Options have the names and the defaults of diffusers' schedulers.
public struct NoiseSchedule: Sendable {
    /// How β grows from `beta_start` to `beta_end`.
    public enum Betas: String, Sendable, CaseIterable {
        /// In equal steps.
        case linear
        /// Its square root in equal steps: the latent-diffusion models.
        case scaledLinear = "scaled_linear"
        /// From a squared cosine as ᾱ, β at most 0.999 (Nichol and Dhariwal 2021, arXiv
        /// 2102.09672, equation 17); the two ends are not used.
        case squaredCosine = "squaredcos_cap_v2"
    }

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

    /// Reads `num_train_timesteps`, `beta_start`, `beta_end`, `beta_schedule` and
    /// `set_alpha_to_one`.
    /// - Parameter alphaIsOneAtEnd: the default of `set_alpha_to_one`, which differs between
    ///   algorithms.
    public init(
        _ options: SchedulerOptions, alphaIsOneAtEnd: Bool, rescaledToZeroSNR: Bool = false
    ) throws(SettingError) {
        let count = try options.integer(
            "num_train_timesteps", default: 1000, in: 1...Self.maximumTimesteps)
        let start = try options.number("beta_start", default: 0.0001, in: 0...0.999)
        let end = try options.number("beta_end", default: 0.02, in: 0...0.999)
        var alphas = Self.alphas(
            try options.choice("beta_schedule", default: Betas.linear), count: count, from: start,
            to: end)
        // Outside, a step would divide by zero.
        guard let first = alphas.first, let last = alphas.last, first < 1, last > 0 else {
            throw SettingError(
                key: "beta_start, beta_end",
                message: "\(start) to \(end) in \(count) timesteps adds no noise, or leaves "
                    + "nothing but noise")
        }
        if rescaledToZeroSNR { alphas = Self.rescaledToZeroSNR(alphas) }
        self.init(
            alphas: alphas,
            alphaIsOneAtEnd: try options.boolean("set_alpha_to_one", default: alphaIsOneAtEnd))
    }

    /// The training timesteps.
    public var count: Int { alphas.count }

    /// ᾱ of a timestep; those below zero are past the last step.
    public func alpha(at timestep: Int) -> Double {
        timestep < 0 ? finalAlpha : alphas[timestep]
    }

    private static let maximumTimesteps = 100_000

    private static func alphas(
        _ kind: Betas, count: Int, from start: Double, to end: Double
    ) -> [Double] {
        /// The fraction of the way from the first timestep to the last.
        func way(_ t: Int) -> Double { count == 1 ? 0 : Double(t) / Double(count - 1) }
        func squaredCosine(_ time: Double) -> Double {
            let root = cos((time + 0.008) / 1.008 * .pi / 2)
            return root * root
        }
        func beta(_ t: Int) -> Double {
            switch kind {
            case .linear:
                return start + (end - start) * way(t)
            case .scaledLinear:
                let root = start.squareRoot() + (end.squareRoot() - start.squareRoot()) * way(t)
                return root * root
            case .squaredCosine:
                let now = squaredCosine(Double(t) / Double(count))
                let next = squaredCosine(Double(t + 1) / Double(count))
                return min(1 - next / now, 0.999)
            }
        }
        var product = 1.0
        return (0..<count).map { t in
            product *= 1 - beta(t)
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

import Checkpoints
import Glibc

/// How the noise levels of a run are spread between the largest and the smallest.
public enum SigmaShape: String, Sendable, CaseIterable {
    /// Equal steps of σ^(1/7) (Karras et al. 2022, arXiv 2206.00364, equation 5).
    case karras = "use_karras_sigmas"
    /// Equal steps of log σ.
    case exponential = "use_exponential_sigmas"
    /// Quantiles of the beta distribution with α = β = 0.6 (Lee et al. 2024, arXiv 2407.12173).
    case beta = "use_beta_sigmas"
    /// Equal steps of λ = −log σ (Lu et al. 2022, arXiv 2206.00927, section 3.4, with the end
    /// points in training timesteps).
    case lu = "use_lu_lambdas"

    /// The one shape that is asked for.
    /// - Parameter known: the shapes that the algorithm has; the options of others are not read.
    static func read(
        _ options: SchedulerOptions, among known: [SigmaShape]
    ) throws(SettingError) -> SigmaShape? {
        var chosen: [SigmaShape] = []
        for shape in known where try options.boolean(shape.rawValue, default: false) {
            chosen.append(shape)
        }
        guard chosen.count <= 1 else {
            throw options.error(
                chosen[1].rawValue,
                "\(chosen[0].rawValue) is set as well; sigmas have one shape: unset one")
        }
        return chosen.first
    }

    /// - Parameters:
    ///   - first: where the levels begin: the largest, or for an inverse process the smallest.
    ///   - last: where they end.
    public func sigmas(from first: Double, to last: Double, count: Int) -> [Double] {
        switch self {
        case .karras:
            return evenly(from: 0, to: 1, count: count).map { share in
                let (start, end) = (pow(first, 1 / 7), pow(last, 1 / 7))
                return pow(start + share * (end - start), 7)
            }
        case .exponential, .lu:
            return evenly(from: log(first), to: log(last), count: count).map(exp)
        case .beta:
            return evenly(from: 0, to: 1, count: count).map { share in
                last + BetaDistribution(shape: 0.6).quantile(1 - share) * (first - last)
            }
        }
    }
}

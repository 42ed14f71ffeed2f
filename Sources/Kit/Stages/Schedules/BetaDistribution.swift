import Glibc

/// The symmetric beta distribution on 0...1.
struct BetaDistribution {
    /// α = β.
    let shape: Double

    /// Where the distribution function has a value: by bisection, which needs no derivative and
    /// cannot leave the interval.
    func quantile(_ probability: Double) -> Double {
        guard probability > 0 else { return 0 }
        guard probability < 1 else { return 1 }
        // Near 1 a double has no digits left for 1 − x; by symmetry the small side is enough.
        guard probability <= 0.5 else { return 1 - quantile(1 - probability) }
        var (low, high) = (0.0, 0.5)
        while true {
            let middle = (low + high) / 2
            guard middle > low, middle < high else { return middle }
            if cumulative(middle) < probability { low = middle } else { high = middle }
        }
    }

    /// The regularized incomplete beta function I_x(a, a) for x of at most 1/2: x^a (1 − x)^a /
    /// (a B(a, a)) times a continued fraction (Abramowitz and Stegun 1964, 26.5.8), evaluated from
    /// the front by Lentz's method.
    private func cumulative(_ x: Double) -> Double {
        guard x > 0 else { return 0 }
        let a = shape
        let logarithm = a * (log(x) + log1p(-x)) + lgamma(2 * a) - 2 * lgamma(a)
        let tiny = 1e-300
        var (fraction, c, d) = (1.0, 1.0, 0.0)
        for term in 0..<200 {
            let m = Double(term / 2)
            let numerator: Double
            if term == 0 {
                numerator = 1
            } else if term.isMultiple(of: 2) {
                numerator = m * (a - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            } else {
                numerator = -(a + m) * (2 * a + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            }
            d = 1 + numerator * d
            if abs(d) < tiny { d = tiny }
            d = 1 / d
            c = 1 + numerator / c
            if abs(c) < tiny { c = tiny }
            fraction *= c * d
            if abs(1 - c * d) < 1e-16 { break }
        }
        return exp(logarithm) * (fraction - 1) / a
    }
}

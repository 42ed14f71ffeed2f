import Glibc

/// The functions of exponential integrators: φ_0(z) = e^z and
/// φ_k(z) = ∫₀¹ e^((1 − s) z) · s^(k − 1) / (k − 1)! ds
/// (Hochbruck and Ostermann 2010, Acta Numerica 19, equations 2.10 and 2.11).
public enum PhiFunctions {
    /// φ_k(z); 0 for z = −∞.
    public static func phi(_ k: Int, _ z: Double) -> Double {
        precondition(k >= 0, "φ of a negative order")
        guard k > 0 else { return exp(z) }
        return abs(z) < 2 ? series(k, z) : scaled(k, z) / z
    }

    /// z · φ_k(z), which is finite for z = −∞ too.
    public static func scaled(_ k: Int, _ z: Double) -> Double {
        precondition(k >= 1, "the scaled φ begin with the first")
        if k == 1 { return expm1(z) }
        return abs(z) < 2 ? z * series(k, z) : phi(k - 1, z) - 1 / factorial(k - 1)
    }

    /// Σ z^j / (j + k)!: the recurrence loses digits where z is small.
    private static func series(_ k: Int, _ z: Double) -> Double {
        var term = 1 / factorial(k)
        var (sum, place) = (term, k)
        while abs(term) > 0x1p-60 * abs(sum) {
            place += 1
            term *= z / Double(place)
            sum += term
        }
        return sum
    }

    static func factorial(_ n: Int) -> Double { (0..<n).reduce(1) { $0 * Double($1 + 1) } }
}

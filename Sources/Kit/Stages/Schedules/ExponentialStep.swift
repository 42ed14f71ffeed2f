import Glibc

/// What a solver takes the model to predict; ``OutputConversion`` makes it of any
/// ``PredictionType``.
public enum PredictedQuantity: Sendable {
    /// x_0: the papers' data prediction.
    case original
    /// ε: the papers' noise prediction.
    case noise
}

/// The exact solution of the diffusion equations over one step, but for what the model says within
/// it: what DPM-Solver, DEIS, UniPC and SA-Solver have in common.
///
/// With h = λ' − λ, m the predicted quantity as a function of λ, and τ the amount of noise that is
/// taken away and drawn anew (0: the ordinary differential equation; 1: the reverse process),
///
///     x' = ofSample · x − scale · z ∫₀¹ e^((1 − s) z) m(λ + s h) ds + ofNoise · ξ
///
/// | | ofSample | scale | z | ofNoise |
/// | --- | --- | --- | --- | --- |
/// | x_0 | σ'/σ · e^(−τ²h) | α' | −(1 + τ²) h | σ' √(1 − e^(−2τ²h)) |
/// | ε | α'/α | (1 + τ²) σ' | h | τ σ' √(e^(2h) − 1) |
///
/// where α is the signal and σ the noise of a level (Xue et al. 2023, arXiv 2309.05019,
/// propositions 4.2 and A.1; for τ = 0 Lu et al. 2022, arXiv 2206.00927, equation 3.4, and arXiv
/// 2211.01095, equation 8).
public struct ExponentialStep: Sendable {
    public let from: NoiseLevel
    public let to: NoiseLevel
    public let quantity: PredictedQuantity
    /// λ' − λ; infinite if the step leaves no noise.
    public let h: Double
    public let z: Double
    public let ofSample: Double
    public let ofNoise: Double
    private let scale: Double
    /// 1 + τ².
    private let growth: Double

    public init(
        from: NoiseLevel, to: NoiseLevel, of quantity: PredictedQuantity, tau: Double = 0
    ) {
        self.from = from
        self.to = to
        self.quantity = quantity
        h = to.lambda - from.lambda
        growth = 1 + tau * tau
        switch quantity {
        case .original:
            z = -growth * h
            // Without τ nothing fades, however long the step.
            let fading = tau == 0 ? 0 : tau * tau * h
            ofSample = to.noise / from.noise * exp(-fading)
            scale = to.signal
            ofNoise = to.noise * (-expm1(-2 * fading)).squareRoot()
        case .noise:
            z = h
            ofSample = to.signal / from.signal
            scale = growth * to.noise
            // σ' e^h = α' σ / α, which is finite where e^h is not.
            let grown = to.signal * from.noise / from.signal
            ofNoise = tau * max(0, grown * grown - to.noise * to.noise).squareRoot()
        }
    }

    /// scale · z · φ_k(z): minus what the term s^(k − 1) / (k − 1)! of m counts.
    ///
    /// A step that leaves no noise has no finite weights but the first.
    public func weight(_ k: Int) -> Double {
        guard quantity == .noise, to.noise == 0 else { return scale * PhiFunctions.scaled(k, z) }
        precondition(k == 1, "a polynomial over an infinite step")
        return growth * to.signal * from.noise / from.signal
    }

    /// scale · z: what ``weight(_:)`` would be if φ_k were 1.
    public var linearWeight: Double { scale * z }

    /// What each of the values of m at given λ counts in x' when m is the polynomial through them:
    /// the exponential Adams formulas, Bashforth's if no λ is beyond the step's start, Moulton's
    /// if one is its end.
    public func weights(through lambdas: [Double]) -> [Double] {
        if lambdas.count == 1 { return [-weight(1)] }
        precondition(h.isFinite, "a polynomial over an infinite step")
        guard h != 0 else { return lambdas.map { _ in 0 } }
        let places = lambdas.map { ($0 - from.lambda) / h }
        return places.indices.map { index in
            let basis = Self.basis(index, places)
            return -basis.indices.reduce(0) { sum, power in
                sum + basis[power] * PhiFunctions.factorial(power) * weight(power + 1)
            }
        }
    }

    /// Lagrange's polynomial that is 1 at one place and 0 at the others, by rising powers.
    private static func basis(_ index: Int, _ places: [Double]) -> [Double] {
        var polynomial = [1.0]
        for (other, place) in places.enumerated() where other != index {
            let distance = places[index] - place
            let shifted = [0] + polynomial
            let multiplied = polynomial.map { $0 * place } + [0]
            polynomial = zip(shifted, multiplied).map { ($0 - $1) / distance }
        }
        return polynomial
    }
}

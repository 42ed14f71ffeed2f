/// A step from σ to σ' in two parts: without noise to less than σ', and back up by fresh noise, as
/// ancestral sampling does (Song et al. 2020, arXiv 2011.13456, appendix F, as k-diffusion writes
/// it in σ).
public struct AncestralStep: Sendable {
    /// Where the part without noise ends.
    public let down: Double
    /// The standard deviation of the noise; down² + up² = σ'².
    public let up: Double

    /// - Parameter eta: within 0...1: how much of the noise of DDPM; 0 for none.
    public init(from sigma: Double, to next: Double, eta: Double) {
        precondition(sigma > 0 && next >= 0 && (0...1).contains(eta), "\(sigma) to \(next)")
        // Levels may be alike, and then rounding decides which is above.
        let ratio = min(1, next / sigma)
        // Written so that no digits are lost where σ' is small beside σ.
        up = eta * next * ((1 - ratio) * (1 + ratio)).squareRoot()
        down = next * ((1 - eta) * (1 + eta) + eta * eta * ratio * ratio).squareRoot()
    }
}

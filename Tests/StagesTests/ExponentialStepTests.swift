import Foundation
import Stages
import Testing

@Suite struct ExponentialStepTests {
    @Test(arguments: [
        -700, -30, -2.0001, -2, -1.9999, -0.5, -1e-9, 0, 1e-12, 0.3, 1.9999, 2, 7, 40,
    ])
    func phiFunctionsFollowTheirRecurrence(_ z: Double) {
        for k in 0..<9 {
            let factorial = tgamma(Double(k) + 1)
            let (here, next) = (PhiFunctions.phi(k, z), PhiFunctions.phi(k + 1, z))
            let tolerance = 1e-14 * max(1 / factorial, abs(here))
            #expect(abs(z * next + 1 / factorial - here) <= tolerance)
            #expect(abs(PhiFunctions.scaled(k + 1, z) - z * next) <= tolerance)
        }
    }

    @Test func phiFunctionsHaveTheirValues() {
        let e = exp(1.0)
        for (k, value) in [e, e - 1, e - 2, e - 2.5, e - 8 / 3].enumerated() {
            #expect(abs(PhiFunctions.phi(k, 1) - value) < 1e-15)
        }
        for (k, value) in [1.0, 1, 0.5, 1.0 / 6, 1.0 / 24].enumerated() {
            #expect(PhiFunctions.phi(k, 0) == value)
        }
        // Against series in rational arithmetic.
        #expect(abs(PhiFunctions.phi(3, -2.5) / 0.098_746_560_088_070_48 - 1) < 1e-13)
        for k in 1...4 {
            #expect(PhiFunctions.phi(k, -.infinity) == 0)
            #expect(PhiFunctions.scaled(k, -.infinity) == -1 / tgamma(Double(k)))
        }
    }

    /// Of polynomials through as many values as there are, the integral is exact.
    @Test(
        arguments: [
            ([0.0], 0.7), ([0, -0.4], 0.7), ([0, -0.4, -1.1], 0.7), ([0.7, 0], 0.7),
            ([0.7, 0, -0.4, -1.1], 0.7), ([0, 0.5], -0.6), ([0, -2, -2.5, -3, -4], 3),
        ] as [([Double], Double)], [PredictedQuantity.original, .noise])
    func weightsIntegratePolynomials(
        _ nodes: (lambdas: [Double], h: Double), _ quantity: PredictedQuantity
    ) {
        for tau in [0.0, 0.6, 1] {
            let start = -0.4
            let step = ExponentialStep(
                from: .preserving(sigma: exp(-start)),
                to: .preserving(sigma: exp(-start - nodes.h)), of: quantity, tau: tau)
            #expect(abs(step.h - nodes.h) < 1e-14)
            let lambdas = nodes.lambdas.map { $0 + start }
            let weights = step.weights(through: lambdas)
            for power in lambdas.indices {
                func value(_ lambda: Double) -> Double { pow(lambda, Double(power)) }
                let sum = zip(weights, lambdas).reduce(0) { $0 + $1.0 * value($1.1) }
                // Both equations as the paper writes them, by Simpson's rule.
                let growth = 1 + tau * tau
                let exact = integral(start, start + nodes.h) { lambda in
                    switch quantity {
                    case .original:
                        growth * step.to.signal * exp(growth * (lambda - start - nodes.h))
                            * value(lambda)
                    case .noise: -growth * step.to.signal * exp(-lambda) * value(lambda)
                    }
                }
                #expect(abs(sum - exact) <= 1e-9 * max(1, abs(exact)), "power \(power)")
            }
        }
    }

    private func integral(_ from: Double, _ to: Double, _ f: (Double) -> Double) -> Double {
        let count = 2000
        let width = (to - from) / Double(count)
        return (0...count).reduce(0) { sum, index in
            let weight = index == 0 || index == count ? 1.0 : index.isMultiple(of: 2) ? 2 : 4
            return sum + weight * f(from + Double(index) * width)
        } * width / 3
    }

    /// The variance of what is left and of what is drawn anew is that of the end's noise.
    @Test(arguments: [0.0, 0.4, 1, 1.5])
    func noiseMakesUpForWhatFades(_ tau: Double) {
        let (from, to) = (NoiseLevel.preserving(sigma: 3), NoiseLevel.preserving(sigma: 0.5))
        let original = ExponentialStep(from: from, to: to, of: .original, tau: tau)
        let left = original.ofSample * from.noise
        #expect(
            abs(left * left + original.ofNoise * original.ofNoise - to.noise * to.noise) < 1e-15)
        // Noise prediction takes more away of the model's noise and adds as much variance.
        let noise = ExponentialStep(from: from, to: to, of: .noise, tau: tau)
        let expected = tau * to.noise * expm1(2 * noise.h).squareRoot()
        #expect(abs(noise.ofNoise - expected) < 1e-14)
    }
}

import Glibc
import Testing

@testable import Tensors

/// The polynomials for `exp` and `erf`, seen through the activations, over their whole range.
struct AccuracyTests {
    /// The error of `actual` in units of the last place of the true value.
    private func ulps(_ actual: Float, _ exact: Double) -> Double {
        abs(Double(actual) - exact) / Double(Float(exact).ulp)
    }

    private func sweep(_ range: ClosedRange<Float>, count: Int) -> Tensor {
        let step = (range.upperBound - range.lowerBound) / Float(count - 1)
        return Tensor([count], (0..<count).map { range.lowerBound + step * Float($0) })
    }

    @Test func siluIsWithinFourUlps() {
        let x = sweep(-85...95, count: 400_001)
        let worst = zip(x.values, silu(x).values)
            .map { x, y in ulps(y, Double(x) / (1 + exp(-Double(x)))) }.max()
        #expect((worst ?? .infinity) <= 4)
    }

    /// Below zero `1 + erf` cancels, in PyTorch as here; there the error is that of `erf`, near 1.
    @Test func geluIsWithinThreeUlpsOfErf() {
        let x = sweep(-15...15, count: 400_001)
        for (x, y) in zip(x.values, gelu(x).values) {
            let exact = 0.5 * Double(x) * (1 + erf(Double(x) * 0.5.squareRoot()))
            let allowed = x >= 0 ? 3 * Double(Float(exact).ulp) : 2e-7 * Double(-x)
            if abs(Double(y) - exact) > allowed {
                Issue.record("gelu(\(x)) is \(y), not \(exact)")
                return
            }
        }
    }

    @Test func softmaxOfAWideRange() {
        let x = sweep(-100...0, count: 1003)
        let total = x.values.reduce(0.0) { $0 + exp(Double($1)) }
        for (x, y) in zip(x.values, softmax(x).values) {
            let exact = exp(Double(x)) / total
            #expect(abs(Double(y) - exact) <= 3e-7 * exact + 1e-44, "at \(x)")
        }
    }

    @Test func activationsOfSpecialValues() {
        let x = Tensor([4], [.infinity, -.infinity, .nan, -0.0])
        #expect(silu(x).values[0] == .infinity && relu(x).values[0] == .infinity)
        #expect(relu(x).values[1] == 0 && gelu(x).values[0] == .infinity)
        for y in [silu(x), gelu(x), relu(x), softmax(x)] { #expect(y.values[2].isNaN) }
        #expect(softmax(Tensor([3], [-.infinity, 0, -.infinity])).values == [0, 1, 0])
    }

    @Test func everyHalfAndBFloat16Converts() {
        for format in [WeightFormat.float16, .bfloat16] {
            let all = (0...UInt16.max).map { bits in
                format == .float16
                    ? Float(Float16(bitPattern: bits)) : Float(bitPattern: UInt32(bits) << 16)
            }
            let weight = Weight(Tensor([65536], all), format: format)
            let converted = weight.tensor().values
            for (converted, expected) in zip(converted, all) where !expected.isNaN {
                if converted.bitPattern != expected.bitPattern {
                    Issue.record("\(format) \(expected) became \(converted)")
                    return
                }
            }
            #expect(zip(converted, all).allSatisfy { $0.isNaN == $1.isNaN })
        }
    }
}

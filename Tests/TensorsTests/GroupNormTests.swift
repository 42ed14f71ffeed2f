import Glibc
import TestSupport
import Testing

@testable import Tensors

/// Group normalisation against the definition in double precision, over one chunk and several, where
/// the mean is small and where it is all but everything.
struct GroupNormTests {
    private static let shapes: [(places: Int, channels: Int, groups: Int)] = [
        (2, 6, 1), (35, 12, 4), (23, 33, 11), (500, 40, 8), (2, 17_000, 2),
    ]

    /// Of one sample.
    private func exact(_ x: Tensor, groups: Int, weight: Tensor, bias: Tensor) -> Tensor {
        let (channels, width) = (x.shape[2], x.shape[2] / groups)
        let (values, weight, bias) = (x.values.map(Double.init), weight.values, bias.values)
        var y = x.values
        for group in 0..<groups {
            let indices = values.indices.filter { $0 % channels / width == group }
            let count = Double(indices.count)
            let mean = indices.reduce(0.0) { $0 + values[$1] } / count
            let variance = indices.reduce(0.0) { $0 + pow(values[$1] - mean, 2) } / count
            for index in indices {
                let z = (values[index] - mean) / (variance + 1e-5).squareRoot()
                y[index] = Float(
                    z * Double(weight[index % channels]) + Double(bias[index % channels]))
            }
        }
        return Tensor(x.shape, y)
    }

    @Test(arguments: [0, 1000] as [Float])
    func agreesWithTheDefinition(mean: Float) {
        for (places, channels, groups) in Self.shapes {
            let (scale, shift) = (numbers([channels], seed: 5), numbers([channels], seed: 6))
            // Further on in a sample its numbers are greater, so that chunks differ.
            let drift = Tensor(
                [1, places, channels],
                (0..<places * channels).map { mean + 3 * Float($0) / Float(channels * places) })
            let x = numbers([1, places, channels]) + drift
            let y = groupNorm(x, groups: groups, weight: scale, bias: shift, epsilon: 1e-5)
            // A mean of 32-bit floats is off by half a unit of its last place.
            expectClose(
                y, exact(x, groups: groups, weight: scale, bias: shift),
                relative: mean == 0 ? 1e-5 : 1e-4)
            #expect(
                bits(
                    groupNorm(
                        x, groups: groups, weight: scale, bias: shift, epsilon: 1e-5,
                        activation: .silu)) == bits(silu(y)))
        }
    }
}

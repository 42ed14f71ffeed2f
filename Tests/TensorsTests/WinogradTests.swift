import Glibc
import TestSupport
import Testing

@testable import Tensors

/// Convolutions with a transformed weight against the plain loops, over shapes on both sides of
/// every tile, vector and panel.
@Suite(.serialized)
struct WinogradTests {
    static let shapes: [(height: Int, width: Int, inputs: Int, outputs: Int)] = [
        (1, 1, 1, 1), (2, 3, 5, 7), (3, 3, 16, 32), (5, 4, 33, 31), (4, 9, 8, 65), (7, 7, 31, 3),
        (8, 8, 17, 40), (11, 13, 9, 33), (1, 17, 40, 16), (6, 6, 64, 100),
    ]

    @Test(arguments: WeightFormat.allCases)
    func agreesWithThePlainLoops(format: WeightFormat) {
        for (height, width, inputs, outputs) in Self.shapes {
            let x = numbers([1, height, width, inputs])
            let weight = Weight(numbers([outputs, 3, 3, inputs], seed: 2), format: format)
            expectClose(
                conv2d(x, WinogradWeight(weight), bias: nil, padding: Padding(1)),
                Reference.conv2d(x, weight.tensor(), padding: 1))
        }
    }

    /// Products in bf16 against the definition with rounded numbers, and not far from what is exact.
    @Test func agreesWithTheDefinitionInBFloat16() {
        for (height, width, inputs, outputs) in Self.shapes {
            let x = numbers([1, height, width, inputs])
            let weight = Weight(numbers([outputs, 3, 3, inputs], seed: 2))
            let y = conv2d(
                x, WinogradWeight(weight, format: .bfloat16), bias: nil, padding: Padding(1))
            expectClose(y, WinogradReference.conv2d(x, weight.tensor()))
            let exact = Reference.conv2d(x, weight.tensor(), padding: 1).values
            let error = zip(y.values, exact).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
            let size = exact.reduce(0.0) { $0 + pow(Double($1), 2) }
            #expect((error / size).squareRoot() < 8e-3, "\(height)x\(width)x\(inputs)")
        }
    }

    /// Files hold it: where each number lies, and that no CPU makes another one.
    @Test(arguments: [Arithmetic.float32, .bfloat16], WeightFormat.allCases)
    func layoutOfATransformedWeight(format: Arithmetic, stored: WeightFormat) {
        for (outputs, channels) in [(1, 1), (33, 5), (40, 18), (64, 17)] {
            let weight = Weight(numbers([outputs, 3, 3, channels], seed: 2), format: stored)
            let g = weight.tensor().values
            let pairs = format == .bfloat16
            let words = pairs ? (channels + 1) / 2 : channels
            var expected = [UInt32](repeating: 0, count: (outputs + 31) / 32 * 16 * words * 32)
            for output in 0..<outputs {
                for channel in 0..<channels {
                    let u = WinogradReference.kernel(
                        (0..<9).map { g[(output * 9 + $0) * channels + channel] })
                    for place in 0..<16 {
                        let word = pairs ? channel / 2 : channel
                        let panel = output / 32 * 16 + place
                        let bits =
                            pairs
                            ? UInt32(roundedToBFloat16(u[place])) << (channel % 2 * 16)
                            : u[place].bitPattern
                        expected[(panel * words + word) * 32 + output % 32] |= bits
                    }
                }
            }
            let transformed = WinogradWeight(weight, format: format)
            let actual = transformed.withStoredBytes { bytes in
                (0..<bytes.byteCount / 4).map {
                    unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)
                }
            }
            #expect(actual == expected, "\(outputs) outputs of \(channels)")
            #expect(transformed.byteCount == expected.count * 4)
        }
    }

    /// A file may put the numbers at any multiple of four.
    @Test(arguments: [Arithmetic.float32, .bfloat16])
    func aWeightReadInPlace(format: Arithmetic) {
        let weight = WinogradWeight(Weight(numbers([37, 3, 3, 21], seed: 2)), format: format)
        let block = WeightBlock(byteCount: weight.byteCount + 12)
        weight.withStoredBytes { bytes in
            unsafe bytes.withUnsafeBytes {
                unsafe (block.base + 12).copyMemory(
                    from: $0.baseAddress!, byteCount: bytes.byteCount)
            }
        }
        let mapped = unsafe WinogradWeight(
            outputs: 37, channels: 21, format: format, unsafeBytes: block.base + 12, owner: block)
        let x = numbers([1, 6, 7, 21])
        #expect(
            bits(conv2d(x, mapped, bias: nil, padding: Padding(1)))
                == bits(conv2d(x, weight, bias: nil, padding: Padding(1))))
    }

    /// Any padding, a bias, and several stretches, blocks and pieces: against the implicit product.
    @Test(
        arguments: [
            ([3, 19, 23, 40], 50, Padding(0)), ([1, 12, 9, 24], 33, Padding(2)),
            ([2, 10, 11, 37], 70, Padding(top: 0, left: 1, bottom: 1, right: 0)),
            ([2, 33, 31, 1300], 34, Padding(1)), ([1, 110, 90, 32], 200, Padding(1)),
        ] as [(Shape, Int, Padding)])
    func agreesWithTheImplicitProduct(shape: Shape, outputs: Int, padding: Padding) {
        let x = numbers(shape)
        let weight = Weight(numbers([outputs, 3, 3, shape[3]], seed: 2), format: .bfloat16)
        let bias = numbers([outputs], seed: 3)
        expectClose(
            conv2d(x, WinogradWeight(weight), bias: bias, padding: padding),
            conv2d(x, weight, bias: bias, padding: padding))
    }

    @Test(arguments: [1, 2, 3], [Arithmetic.float32, .bfloat16])
    func imagesGetTheSameBytesInAnyBatch(threads: Int, format: Arithmetic) {
        ThreadPool.configure(threads: threads)
        // Four of the last are taken by blocks, one by stretches.
        for (height, width, inputs, outputs) in Self.shapes + [(40, 41, 16, 33)] {
            let weight = WinogradWeight(
                Weight(numbers([outputs, 3, 3, inputs], seed: 2), format: .float16),
                format: format)
            let bias: Tensor? = outputs % 2 == 1 ? numbers([outputs], seed: 3) : nil
            expectIndependentSamples(
                numbers([4, height, width, inputs]), comment: "\(height)x\(width)x\(inputs)"
            ) { conv2d($0[0], weight, bias: bias, padding: Padding(1)) }
        }
    }

    @Test func aWeightOfShapeAloneIsZero() {
        let weight = WinogradWeight(Weight(shapeOnly: [33, 3, 3, 5]), format: .bfloat16)
        let y = conv2d(
            numbers([1, 4, 4, 5]), weight, bias: Tensor([33], repeating: 2), padding: Padding(1))
        #expect(y.values.allSatisfy { $0 == 2 })
    }
}

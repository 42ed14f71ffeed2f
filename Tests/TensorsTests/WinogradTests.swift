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

    @Test(arguments: [1, 2, 3])
    func imagesGetTheSameBytesInAnyBatch(threads: Int) {
        ThreadPool.configure(threads: threads)
        // Four of the last are taken by blocks, one by stretches.
        for (height, width, inputs, outputs) in Self.shapes + [(40, 41, 16, 33)] {
            let weight = WinogradWeight(
                Weight(numbers([outputs, 3, 3, inputs], seed: 2), format: .float16))
            let bias: Tensor? = outputs % 2 == 1 ? numbers([outputs], seed: 3) : nil
            expectIndependentSamples(
                numbers([4, height, width, inputs]), comment: "\(height)x\(width)x\(inputs)"
            ) { conv2d($0[0], weight, bias: bias, padding: Padding(1)) }
        }
    }

    @Test func aWeightOfShapeAloneIsZero() {
        let weight = WinogradWeight(Weight(shapeOnly: [33, 3, 3, 5]))
        let y = conv2d(
            numbers([1, 4, 4, 5]), weight, bias: Tensor([33], repeating: 2), padding: Padding(1))
        #expect(y.values.allSatisfy { $0 == 2 })
    }
}

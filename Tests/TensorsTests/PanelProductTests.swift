import TestSupport
import Testing

@testable import Tensors

/// Products in 32-bit floats with packed weights against the plain loops, over shapes on both sides of
/// every tile, panel and block, and against themselves in parts.
@Suite(.serialized)
struct PanelProductTests {
    static let matrices: [(columns: Int, depth: Int)] = [
        (1, 1), (3, 7), (7, 8), (15, 24), (16, 31), (17, 64), (31, 40), (32, 33), (33, 17),
        (47, 100), (65, 3), (96, 71), (32, 1031), (40, 2050),
    ]

    @Test(arguments: WeightFormat.allCases)
    func agreesWithThePlainLoops(format: WeightFormat) {
        for (columns, depth) in Self.matrices {
            let weight = Weight(numbers([columns, depth], seed: 3), format: format)
            let packed = PackedWeight(weight, format: .float32)
            let bias: Tensor? = columns % 2 == 1 ? numbers([columns], seed: 4) : nil
            for rows in [1, 3, 5, 8, 9, 14, 31] {
                let x = numbers([rows, depth], seed: 5)
                expectClose(
                    linear(x, packed, bias: bias),
                    Reference.linear(x, weight.tensor(), bias: bias))
            }
        }
    }

    /// A few rows, which are read where they lie, and many, which are packed.
    @Test(arguments: [1, 2, 3])
    func rowsGetTheSameBytes(threads: Int) {
        ThreadPool.configure(threads: threads)
        for (columns, depth) in Self.matrices + [(203, 517), (330, 3000)] {
            let weight = PackedWeight(
                Weight(numbers([columns, depth], seed: 3)), format: .float32)
            let bias: Tensor? = columns % 2 == 1 ? numbers([columns], seed: 4) : nil
            let (x, residual) = (numbers([700, depth]), numbers([700, columns], seed: 6))
            let whole = linear(x, weight, bias: bias, adding: residual)
            for part in [0..<1, 5..<7, 3..<11, 3..<12, 5..<30, 1..<130, 1..<700] {
                let some = linear(
                    x.slice(axis: 0, part), weight, bias: bias,
                    adding: residual.slice(axis: 0, part))
                #expect(
                    bits(some) == bits(whole.slice(axis: 0, part)),
                    "rows \(part), \(columns) columns, depth \(depth)")
            }
        }
    }

    /// Channels that are gathered, ones that end within a vector, and depths of several blocks.
    @Test(arguments: [
        (9, 7, 3, 5, 3, 1, Padding(1)), (5, 11, 8, 16, 3, 1, Padding(1)),
        (8, 8, 16, 33, 3, 2, Padding(1)), (12, 12, 4, 3, 4, 4, Padding(0)),
        (10, 6, 130, 31, 3, 2, Padding(top: 0, left: 0, bottom: 1, right: 1)),
        (5, 3, 40, 17, 1, 1, Padding(0)), (3, 3, 15, 9, 5, 1, Padding(3)),
        (4, 4, 514, 34, 3, 1, Padding(1)), (6, 6, 21, 40, 3, 1, Padding(1)),
        (17, 17, 3, 11, 16, 1, Padding(2)),
    ])
    func convolutions(
        height: Int, width: Int, inputs: Int, outputs: Int, kernel: Int, stride: Int,
        padding: Padding
    ) {
        let weight = Weight(numbers([outputs, kernel, kernel, inputs], seed: 2))
        let bias: Tensor? = outputs % 2 == 1 ? numbers([outputs], seed: 3) : nil
        let packed = PackedWeight(weight, format: .float32)
        let x = numbers([4, height, width, inputs])
        let convolve = { (x: Tensor) in
            conv2d(x, packed, bias: bias, stride: stride, padding: padding)
        }
        expectClose(
            convolve(x), conv2d(x, weight, bias: bias, stride: stride, padding: padding))
        expectIndependentSamples(x) { convolve($0[0]) }
    }

    /// Infinities and what is not a number stay in the rows and columns that have them.
    @Test func numbersThatAreNotFinite() {
        var numbers = [Float](repeating: 1, count: 40 * 9)
        (numbers[3 * 9 + 2], numbers[39 * 9]) = (.infinity, .nan)
        let weight = PackedWeight(Weight(Tensor([40, 9], numbers)), format: .float32)
        for rows in [2, 20] {
            let y = linear(Tensor([rows, 9], repeating: 1), weight)
            for row in 0..<rows {
                #expect(y.values[row * 40 + 3] == .infinity)
                #expect(y.values[row * 40 + 39].isNaN)
                #expect(y.values[row * 40 + 38] == 9)
            }
        }
    }

    @Test func aWeightOfShapeAloneIsZero() {
        let weight = PackedWeight(Weight(shapeOnly: [35, 9]), format: .float32)
        #expect(linear(numbers([3, 9]), weight).values.allSatisfy { $0 == 0 })
        #expect(weight.byteCount == 64 * 9 * 4 && weight.shape == [35, 9])
    }
}

import TestSupport
import Testing

@testable import Tensors

/// Products in bf16 against the plain loops over rounded numbers, over shapes on both sides of every
/// tile, panel and block, and against themselves in parts.
@Suite(.serialized)
struct BFloat16ProductTests {
    static let matrices = PanelProductTests.matrices

    @Test(arguments: WeightFormat.allCases)
    func agreesWithThePlainLoops(format: WeightFormat) {
        for (columns, depth) in Self.matrices {
            let weight = Weight(numbers([columns, depth], seed: 3), format: format)
            let bias: Tensor? = columns % 2 == 1 ? numbers([columns], seed: 4) : nil
            for rows in [1, 5, 14, 31] {
                let x = numbers([rows, depth], seed: 5)
                expectClose(
                    linear(x, PackedWeight(weight), bias: bias),
                    Reference.linear(rounded(x), rounded(weight.tensor()), bias: bias))
            }
        }
    }

    @Test(arguments: [1, 2, 3])
    func rowsGetTheSameBytes(threads: Int) {
        ThreadPool.configure(threads: threads)
        for (columns, depth) in Self.matrices + [(203, 517), (330, 3000)] {
            let weight = PackedWeight(Weight(numbers([columns, depth], seed: 3)))
            let bias: Tensor? = columns % 2 == 1 ? numbers([columns], seed: 4) : nil
            let x = numbers([700, depth])
            let whole = linear(x, weight, bias: bias)
            for part in [0..<1, 3..<12, 5..<30, 1..<130, 1..<700] {
                #expect(
                    bits(linear(x.slice(axis: 0, part), weight, bias: bias))
                        == bits(whole.slice(axis: 0, part)),
                    "rows \(part), \(columns) columns, depth \(depth)")
            }
        }
    }

    /// A few rows are rounded for as much of the depth as there is room for, one row for more of it.
    @Test func rowsOfAGreatDepthGetTheSameBytes() {
        let stored = numbers([33, 18_701], seed: 3)
        let weight = PackedWeight(Weight(stored))
        let x = numbers([40, 18_701])
        let whole = linear(x, weight)
        for part in [0..<1, 2..<7, 3..<17, 1..<40] {
            #expect(
                bits(linear(x.slice(axis: 0, part), weight)) == bits(whole.slice(axis: 0, part)),
                "rows \(part)")
        }
        expectClose(
            whole.slice(axis: 0, 0..<3),
            Reference.linear(
                rounded(x.slice(axis: 0, 0..<3)), rounded(stored), bias: nil), relative: 1e-4)
    }

    @Test(arguments: [
        (9, 7, 3, 5, 3, 1, Padding(1)), (5, 11, 8, 16, 3, 1, Padding(1)),
        (8, 8, 16, 33, 3, 2, Padding(1)), (12, 12, 4, 3, 4, 4, Padding(0)),
        (10, 6, 130, 31, 3, 2, Padding(top: 0, left: 0, bottom: 1, right: 1)),
        (5, 3, 40, 17, 1, 1, Padding(0)), (3, 3, 15, 9, 5, 1, Padding(3)),
        (4, 4, 514, 34, 3, 1, Padding(1)),
    ])
    func convolutions(
        height: Int, width: Int, inputs: Int, outputs: Int, kernel: Int, stride: Int,
        padding: Padding
    ) {
        let weight = Weight(numbers([outputs, kernel, kernel, inputs], seed: 2), format: .bfloat16)
        let bias: Tensor? = outputs % 2 == 1 ? numbers([outputs], seed: 3) : nil
        let packed = PackedWeight(weight)
        let x = numbers([4, height, width, inputs])
        let convolve = { (x: Tensor) in
            conv2d(x, packed, bias: bias, stride: stride, padding: padding)
        }
        expectClose(
            convolve(x), conv2d(rounded(x), weight, bias: bias, stride: stride, padding: padding))
        expectIndependentSamples(x) { convolve($0[0]) }
    }

    /// Halfway cases go to the even neighbour; numbers beyond the greatest become infinite.
    @Test func activationsAreRounded() {
        let one = PackedWeight(Weight(Tensor([1, 1], [1])))
        let numbers: [Float] = [
            1, 0x1.01p0, 0x1.03p0, 0x1.01002p0, -0x1.05p0, 3.4e38, -.infinity, 0x1.fffp-100, 0,
        ]
        for rows in [1, numbers.count] {
            let x = Tensor([rows, 1], Array(numbers[..<rows]))
            #expect(linear(x, one).values == rounded(x).values)
        }
        #expect(linear(Tensor([1, 1], [.nan]), one).values[0].isNaN)
    }

    @Test func aWeightOfShapeAloneIsZero() {
        let y = linear(numbers([3, 9]), PackedWeight(Weight(shapeOnly: [35, 9])))
        #expect(y.values.allSatisfy { $0 == 0 })
    }
}

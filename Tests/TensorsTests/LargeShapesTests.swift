import Glibc
import TestSupport
import Testing

@testable import Tensors

func exponential(_ x: Double) -> Double { exp(x) }

/// Shapes large enough to be cut into tiles, bands and blocks, against the plain loops.
struct LargeShapesTests {
    @Test(arguments: WeightFormat.allCases)
    func productsOfSeveralTiles(format: WeightFormat) {
        let weight = Weight(numbers([203, 517], seed: 3), format: format)
        let bias = numbers([203], seed: 4)
        for rows in [9, 64, 333] {
            let x = numbers([rows, 517])
            expectClose(
                linear(x, weight, bias: bias),
                Reference.linear(x, weight.tensor(), bias: bias))
        }
    }

    @Test func aProductDeeperThanTheScratch() {
        let weight = Weight(numbers([11, 40_001]), format: .float16)
        let x = numbers([10, 40_001], seed: 2)
        expectClose(linear(x, weight), Reference.linear(x, weight.tensor(), bias: nil))
    }

    @Test(arguments: WeightFormat.allCases)
    func convolutionsOfSeveralBands(format: WeightFormat) {
        let x = numbers([1, 29, 37, 33])
        let weight = Weight(numbers([41, 3, 3, 33], seed: 2), format: format)
        expectClose(
            conv2d(x, weight, bias: nil, padding: Padding(1)),
            Reference.conv2d(x, weight.tensor(), padding: 1))
    }

    /// OpenBLAS, as a second opinion on shapes that the plain loops are too slow for.
    @Test(arguments: [(1000, 330, 700), (130, 1100, 2600), (20, 4000, 300)])
    func agreesWithOpenBLAS(rows: Int, columns: Int, depth: Int) {
        let x = numbers([rows, depth])
        let weight = numbers([columns, depth], seed: 2)
        let expected = unsafe Tensor(uninitialized: [rows, columns]) { y in
            unsafe y.update(repeating: 0, count: rows * columns)
            unsafe x.withElements { x in
                unsafe weight.withElements { weight in
                    unsafe Kernels.multiplyAdd(
                        x, stride: depth, byTransposed: weight, stride: depth, into: y,
                        stride: columns, rows: rows, columns: columns, depth: depth)
                }
            }
        }
        expectClose(linear(x, Weight(weight)), expected)
    }

    @Test(arguments: [Arithmetic.float32, .bfloat16])
    func aQueryAloneGetsTheSameBytes(arithmetic: Arithmetic) {
        let tokens = numbers([1, 150, 39])
        let whole = attention(
            query: tokens, key: tokens, value: tokens, heads: 3, causalOffset: 0,
            arithmetic: arithmetic)
        for index in 0..<150 {
            let cached = tokens.slice(axis: 1, 0..<index + 1)
            let alone = attention(
                query: tokens.slice(axis: 1, index..<index + 1), key: cached, value: cached,
                heads: 3, causalOffset: index, arithmetic: arithmetic)
            #expect(alone.values == whole.slice(axis: 1, index..<index + 1).values)
        }
    }
}

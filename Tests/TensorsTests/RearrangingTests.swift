import TestSupport
import Testing

@testable import Tensors

struct RearrangingTests {
    @Test func concatenationUndoesSlicing() {
        let x = counting([2, 5, 3])
        for axis in 0..<3 {
            let first = x.slice(axis: axis, 0..<1)
            let rest = x.slice(axis: axis - 3, 1..<x.shape[axis])
            #expect(first.shape == x.shape.with(1, at: axis))
            #expect(concatenate([first, rest], axis: axis).values == x.values)
            #expect(concatenate([first, rest], axis: axis - 3).values == x.values)
        }
        #expect(x.slice(axis: 1, 1..<3).values == [3, 4, 5, 6, 7, 8, 18, 19, 20, 21, 22, 23])
        #expect(x.slice(axis: 1, 2..<2).shape == [2, 0, 3])
    }

    @Test func channelsMoveInwardAndBack() {
        let x = counting([2, 3, 2, 5])
        let inner = x.channelsInnermost()
        #expect(inner.shape == [2, 2, 5, 3])
        #expect(Array(inner.values[..<6]) == [0, 10, 20, 1, 11, 21])
        #expect(inner.channelsOutermost().values == x.values)
    }

    @Test(arguments: WeightFormat.allCases)
    func embeddingTakesRows(format: WeightFormat) {
        let table = Weight(counting([5, 3]), format: format)
        let y = embedding([4, 0, 4], table)
        #expect(y.shape == [3, 3])
        #expect(y.values == [12, 13, 14, 0, 1, 2, 12, 13, 14])
    }

    @Test func sumsOfEqualShapesAndOfRows() {
        let x = counting([2, 2, 3])
        let row = Tensor([3], [10, 20, 30])
        #expect((x + x).values == x.scaled(by: 2).values)
        #expect((x - x).values == [Float](repeating: 0, count: 12))
        #expect((x + row).values == [10, 21, 32, 13, 24, 35, 16, 27, 38, 19, 30, 41])
        #expect((x - row).values == [-10, -19, -28, -7, -16, -25, -4, -13, -22, -1, -10, -19])
        let samples = Tensor([2, 3], [10, 20, 30, 100, 200, 300])
        #expect(
            addPerSample(x, samples).values
                == [10, 21, 32, 13, 24, 35, 106, 207, 308, 109, 210, 311])
        #expect(
            linearCombination([(2, row), (-1, Tensor([3], [1, 2, 3])), (0.5, row)]).values
                == [24, 48, 72])
    }

    @Test func upsamplingByThree() {
        let y = upsampleNearest(counting([1, 1, 2, 1]), by: 3)
        #expect(y.shape == [1, 3, 6, 1])
        #expect(y.values == [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1])
    }
}

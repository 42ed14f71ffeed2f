import Tensors
import Testing

@Suite struct WeightTests {
    @Test(arguments: WeightFormat.allCases)
    func readsRowsInPlace(format: WeightFormat) {
        let whole = Weight(Tensor([5, 3], (0..<15).map(Float.init)), format: format)
        #expect(whole.rows(1..<3).shape == [2, 3])
        #expect(whole.rows(1..<3).tensor().values == [3, 4, 5, 6, 7, 8])
        #expect(whole.rows(4..<5).tensor().values == [12, 13, 14])
    }

    @Test func ofAShapeAlone() {
        let part = Weight(shapeOnly: [5, 3]).rows(1..<5)
        #expect(part.shape == [4, 3])
        #expect(!part.isMaterialised)
    }

    @Test(arguments: WeightFormat.allCases, [[2, 3, 2, 5], [4, 3, 1, 1], [3, 1, 2, 2]])
    func movesChannelsInward(format: WeightFormat, extents: [Int]) {
        let shape = Shape(extents)
        let kernel = Tensor(shape, (0..<shape.count).map(Float.init))
        let moved = Weight(kernel, format: format).channelsInnermost()
        #expect(moved.format == format)
        #expect(moved.shape == kernel.channelsInnermost().shape)
        #expect(moved.tensor().values == kernel.channelsInnermost().values)
    }
}

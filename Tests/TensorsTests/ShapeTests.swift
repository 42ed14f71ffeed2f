import Tensors
import Testing

struct ShapeTests {
    @Test func countsElementsAndAxesFromBothEnds() {
        let shape: Shape = [2, 3, 5]
        #expect(shape.count == 30)
        #expect(shape[0] == 2 && shape[-1] == 5 && shape[-3] == 2)
        #expect(shape.with(7, at: -2) == [2, 7, 5])
        #expect(shape != [2, 3] && shape != [2, 3, 5, 1])
        #expect(Shape([]).count == 1)
        #expect(shape.description == "[2, 3, 5]")
    }
}

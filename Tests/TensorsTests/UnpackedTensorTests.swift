import Tensors
import Testing

@Suite struct UnpackedTensorTests {
    private static func numbers(_ shape: Shape) -> Tensor {
        Tensor(shape, (0..<shape.count).map { Float(($0 * 31) % 101 - 50) / 32 })
    }

    /// Panels that are not full, odd depths, and matrices of which several are stored as one.
    @Test(arguments: [([70, 9], 1), ([33, 64], 3), ([96, 5], 2), ([1, 1], 1)])
    func matricesComeBack(_ extents: [Int], parts: Int) throws {
        let numbers = Self.numbers(Shape(extents))
        for layout in [PackedLayout.panels, .pairs] {
            let packed = PackedTensor(Weight(numbers), layout, parts: parts)
            let unpacked = try #require(packed.unpacked())
            #expect(unpacked.shape == numbers.shape)
            #expect(unpacked.tensor().values == numbers.values)
        }
    }

    /// Numbers that fill all bits of a float.
    @Test func floatsComeBackExactly() throws {
        let numbers = Tensor([45, 7], (0..<315).map { Float(1 + $0) / 3 })
        let unpacked = try #require(PackedTensor(Weight(numbers), .panels).unpacked())
        #expect(unpacked.format == .float32 && unpacked.tensor().values == numbers.values)
    }

    @Test(arguments: [[40, 7, 3, 3], [5, 3, 1, 2], [2, 1, 3, 3], [33, 4, 1, 1]])
    func kernelsComeBackInTorchsOrder(_ extents: [Int]) throws {
        let numbers = Self.numbers(Shape(extents))
        for layout in [PackedLayout.panels, .pairs] {
            let packed = PackedTensor(Weight(numbers).channelsInnermost(), layout)
            let unpacked = try #require(packed.unpacked())
            #expect(unpacked.shape == numbers.shape)
            #expect(unpacked.tensor().values == numbers.values)
        }
    }
}

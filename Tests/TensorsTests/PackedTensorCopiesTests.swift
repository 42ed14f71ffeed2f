import Testing

@testable import Tensors

@Suite struct PackedTensorCopiesTests {
    /// Outputs beyond the sample's are those of its rows from the first on, in every part.
    @Test(arguments: PackedLayout.allCases)
    func rowsRepeat(layout: PackedLayout) throws {
        var generator = TorchGenerator(seed: 5)
        guard layout.suits([256, 64]) else { return }
        let rows = Weight(generator.normal([256, 64]))
        let sample = PackedTensor(rows, layout)
        let tensor = PackedTensor(repeating: sample, to: [1200, 64], parts: 2)
        guard let one = Matrix.unpacked(sample)?.first, let parts = Matrix.unpacked(tensor) else {
            return
        }
        let x = generator.normal([3, 64])
        let expected = linear(x, one)
        #expect(parts.count == 2 && parts.allSatisfy { $0.shape == [600, 64] })
        for part in parts {
            let y = linear(x, part)
            for row in 0..<600 {
                let from = row % 256
                #expect(
                    y.slice(axis: 1, row..<row + 1).values
                        == expected.slice(axis: 1, from..<from + 1).values)
            }
        }
    }
}

import TestSupport
import Testing

@testable import Tensors

/// Blocks of GGUF files keep every number.
struct QuantisedBlocksTests {
    /// A normal scale, the largest and the smallest ones, zeros of both signs, a negative one.
    private static let scales: [UInt16] = [0x2c12, 0x7bff, 0x0001, 0x8000, 0, 0xb401, 0x03ff]

    /// Scales as above, and all values of a byte, -128 among them.
    private func blocks(_ count: Int, width: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for block in 0..<count {
            let scale = Self.scales[block % Self.scales.count]
            bytes += [UInt8(scale & 255), UInt8(scale >> 8)]
            bytes += (2..<width).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ block &* 11) }
        }
        return bytes
    }

    private func scale(_ blocks: [UInt8], _ first: Int) -> Float {
        Float(Float16(bitPattern: UInt16(blocks[first]) | UInt16(blocks[first + 1]) << 8))
    }

    @Test(arguments: [[1, 32], [16, 64], [35, 160]])
    func ofBytes(extents: [Int]) {
        let shape = Shape(extents)
        let blocks = blocks(shape.count / 32, width: 34)
        let expected = (0..<shape.count).map { index in
            let first = index / 32 * 34
            return scale(blocks, first) * Float(Int8(bitPattern: blocks[first + 2 + index % 32]))
        }
        let weight = unsafe QuantisedWeight(shape, q8Blocks: blocks.span.bytes)
        #expect(weight.tensor().values == expected)
        expectProducts(weight)
    }

    @Test(arguments: [[1, 32], [16, 64], [35, 160]])
    func ofNibbles(extents: [Int]) {
        let shape = Shape(extents)
        let blocks = blocks(shape.count / 32, width: 18)
        let expected = (0..<shape.count).map { index in
            let first = index / 32 * 18
            let pair = blocks[first + 2 + index % 16]
            let q = index % 32 < 16 ? pair & 15 : pair >> 4
            return scale(blocks, first) * Float(Int(q) - 8)
        }
        let weight = unsafe QuantisedWeight(shape, q4Blocks: blocks.span.bytes)
        #expect(weight.tensor().values == expected)
        expectProducts(weight)
    }

    /// Rows of whole numbers up to 127 are not rounded: their products are exact but for the last sums.
    private func expectProducts(_ weight: QuantisedWeight) {
        for rows in [1, 3, 20] {
            let values = numbers([rows, weight.shape[1]]).values.enumerated().map { index, number in
                index % 32 == 7 ? 127 : (number * 127).rounded()
            }
            let x = Tensor([rows, weight.shape[1]], values)
            expectClose(linear(x, weight), Reference.linear(x, weight.tensor(), bias: nil))
        }
    }
}

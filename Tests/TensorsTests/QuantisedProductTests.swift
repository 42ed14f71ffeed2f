import TestSupport
import Testing

@testable import Tensors

/// Products with quantised weights against sums in double precision over the same whole numbers, and
/// against themselves in parts.
@Suite(.serialized)
struct QuantisedProductTests {
    /// Columns on both sides of a panel and of two, depths of odd and even numbers of blocks.
    static let matrices: [(columns: Int, depth: Int)] = [
        (1, 32), (3, 64), (15, 96), (16, 32), (17, 160), (31, 192), (32, 64), (33, 96), (47, 576),
        (48, 128), (65, 32), (100, 1056),
    ]

    /// The rows as a product sees them: each block of 32 rounded to whole numbers up to 127.
    private func quantised(_ x: Tensor) -> Tensor {
        var values = x.values
        for first in stride(from: 0, to: values.count, by: 32) {
            let most = values[first..<first + 32].reduce(0) { max($0, abs($1)) }
            for index in first..<first + 32 {
                let q = (values[index] * (127 / most)).rounded(.toNearestOrEven)
                values[index] = most > 0 ? q * (most / 127) : 0
            }
        }
        return Tensor(x.shape, values)
    }

    @Test(arguments: QuantisedWeight.Format.allCases)
    func agreesWithThePlainLoops(format: QuantisedWeight.Format) {
        for (columns, depth) in Self.matrices {
            let stored = Weight(numbers([columns, depth], seed: 3), format: .bfloat16)
            let weight = QuantisedWeight(stored, format: format)
            let bias: Tensor? = columns % 2 == 1 ? numbers([columns], seed: 4) : nil
            for rows in [1, 2, 5, 13, 31] {
                let x = numbers([rows, depth], seed: 5)
                expectClose(
                    linear(x, weight, bias: bias),
                    Reference.linear(quantised(x), weight.tensor(), bias: bias))
            }
        }
    }

    /// Of a model's width, the map itself: what rounding does to the sums.
    @Test func isNearTheMapInFloats() {
        let weight = Weight(normalNumbers([96, 1024], seed: 3))
        let x = normalNumbers([40, 1024], seed: 5)
        let exact = linear(x, weight)
        for (format, bound) in [(QuantisedWeight.Format.q8_0, 0.01), (.q4, 0.08)] {
            let y = linear(x, QuantisedWeight(weight, format: format))
            #expect(relativeError(y, exact) < bound)
        }
    }

    @Test(arguments: [1, 2, 3], QuantisedWeight.Format.allCases)
    func rowsGetTheSameBytes(threads: Int, format: QuantisedWeight.Format) {
        ThreadPool.configure(threads: threads)
        for (columns, depth) in Self.matrices + [(203, 4000), (1030, 512)] {
            let weight = QuantisedWeight(
                Weight(numbers([columns, depth], seed: 3)), format: format)
            let bias: Tensor? = columns % 2 == 1 ? numbers([columns], seed: 4) : nil
            let x = numbers([300, depth])
            let whole = linear(x, weight, bias: bias)
            for part in [0..<1, 3..<5, 7..<10, 1..<9, 5..<18, 5..<30, 1..<130, 1..<300] {
                #expect(
                    bits(linear(x.slice(axis: 0, part), weight, bias: bias))
                        == bits(whole.slice(axis: 0, part)),
                    "rows \(part), \(columns) columns, depth \(depth)")
            }
        }
    }

    /// Weights of both formats and of all sizes, some with a bias, in one sharing out of work.
    @Test(arguments: [1, 2, 3])
    func mapsOfTheSameRowsGetTheSameBytesTogether(threads: Int) {
        ThreadPool.configure(threads: threads)
        let maps = [1, 16, 33, 700, 65, 100].enumerated().map { index, columns in
            let format: QuantisedWeight.Format = index % 2 == 0 ? .q4 : .q8_0
            let weight = QuantisedWeight(
                Weight(numbers([columns, 1056], seed: UInt64(index))), format: format)
            return (
                matrix: Matrix.quantised(weight),
                bias: index % 3 == 0 ? numbers([columns], seed: 9) : nil
            )
        }
        for rows in [0, 1, 4, 5, 300] {
            let x = numbers([rows, 1056], seed: 7)
            for some in [maps[...], maps[1...3], maps[3..<3]] {
                let together = linear(x, Array(some))
                let alone = some.map { linear(x, $0.matrix, bias: $0.bias) }
                #expect(together.map(\.shape) == alone.map(\.shape))
                #expect(together.map(bits) == alone.map(bits), "\(rows) rows")
            }
        }
        let mixed = maps + [(matrix: .stored(Weight(numbers([5, 1056]))), bias: nil)]
        let x = numbers([3, 1056], seed: 7)
        #expect(
            linear(x, mixed).map(bits)
                == mixed.map { bits(linear(x, $0.matrix, bias: $0.bias)) })
    }

    @Test func piecesCoverAllStripsAndGetNoLonger() {
        for (strips, shares, least) in [
            (0, 4, 1), (1, 4, 1), (7, 4, 2), (128, 4, 1), (1000, 4, 3), (5, 1, 1), (9, 0, 0),
        ] {
            let cut = QuantisedCut(strips: strips, shares: shares, least: least)
            let pieces = (0..<cut.pieces).map { cut[$0] }
            #expect(pieces.flatMap { Array($0) } == Array(0..<strips))
            #expect(pieces.map(\.count) == pieces.map(\.count).sorted(by: >))
            #expect(pieces.allSatisfy { !$0.isEmpty })
        }
    }

    /// Whatever kernels run, and on whatever thread: weights and products have these bytes.
    @Test(
        arguments: [
            (QuantisedWeight.Format.q8_0, 5_519_587_698_543_667_877, 2_618_531_609_985_563_169),
            (.q4, 3_216_543_677_206_778_219, 11_588_772_627_857_879_750),
        ]
            as [(QuantisedWeight.Format, UInt64, UInt64)])
    func hasTheSameBytesOnEveryCPU(format: QuantisedWeight.Format, weights: UInt64, sums: UInt64) {
        let weight = QuantisedWeight(Weight(numbers([75, 480], seed: 3)), format: format)
        var hash = FNV()
        weight.withStoredBytes { bytes in
            for index in 0..<bytes.byteCount {
                hash.add(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
        }
        #expect(hash.value == weights)
        hash = FNV()
        for word in bits(linear(numbers([23, 480]), weight, bias: numbers([75]))) {
            for shift in [0, 8, 16, 24] { hash.add(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        #expect(hash.value == sums)
    }

    /// A row with a number that is not finite is lost, and no other row.
    @Test(arguments: QuantisedWeight.Format.allCases, [Float.nan, .infinity, -.infinity])
    func aRowThatIsNotFinite(format: QuantisedWeight.Format, number: Float) {
        let weight = QuantisedWeight(Weight(numbers([37, 96], seed: 3)), format: format)
        let x = numbers([9, 96])
        var values = x.values
        values[4 * 96 + 70] = number
        let y = linear(Tensor([9, 96], values), weight)
        for row in 0..<9 {
            let values = y.slice(axis: 0, row..<row + 1)
            if row == 4 {
                #expect(values.values.allSatisfy { $0.isNaN })
            } else {
                #expect(bits(values) == bits(linear(x.slice(axis: 0, row..<row + 1), weight)))
            }
        }
    }

    /// Magnitudes near both ends of the floats, zeros, and numbers too small to be scaled.
    @Test(arguments: QuantisedWeight.Format.allCases)
    func rowsOfExtremeNumbers(format: QuantisedWeight.Format) {
        let weight = QuantisedWeight(Weight(numbers([33, 64], seed: 3)), format: format)
        let x = numbers([1, 64])
        let y = linear(x, weight)
        for exponent in [-90, 100] {
            let scale = Float(sign: .plus, exponent: exponent, significand: 1)
            #expect(bits(linear(x.scaled(by: scale), weight)) == bits(y.scaled(by: scale)))
        }
        for number: Float in [0, -0.0, 0x1p-149, 0x1p-101] {
            let y = linear(Tensor([2, 64], repeating: number), weight)
            #expect(y.values.allSatisfy { $0 == 0 })
        }
        #expect(linear(Tensor([0, 64], repeating: 0), weight).shape == [0, 33])
    }
}

/// Normally distributed numbers.
func normalNumbers(_ shape: Shape, seed: UInt64) -> Tensor {
    var generator = TorchGenerator(seed: seed)
    return generator.normal(shape)
}

/// Of all elements: the root mean square of the difference over that of what is expected.
func relativeError(_ actual: Tensor, _ expected: Tensor) -> Double {
    var (error, square) = (0.0, 0.0)
    for (a, b) in zip(actual.values, expected.values) {
        error += (Double(a) - Double(b)) * (Double(a) - Double(b))
        square += Double(b) * Double(b)
    }
    return (error / square).squareRoot()
}

/// The hash of Fowler, Noll and Vo (FNV-1a).
private struct FNV {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
}

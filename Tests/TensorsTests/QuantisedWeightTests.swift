import Testing

@testable import Tensors

struct QuantisedWeightTests {
    @Test func suitsMatricesOfWholeBlocks() {
        #expect(QuantisedWeight.suits([1, 32]) && QuantisedWeight.suits([17, 11008]))
        for shape: Shape in [[4, 33], [4, 16], [4, 0], [0, 32], [32], [2, 2, 32]] {
            #expect(!QuantisedWeight.suits(shape), "\(shape)")
        }
    }

    /// Two panels of 16 rows, two spans of two blocks: a line of scales and 64 numbers of 16 rows each.
    @Test func countsItsBytes() {
        #expect(QuantisedWeight.byteCount([17, 96], .q8_0) == 64 + 2 * 2 * (64 + 64 * 16))
        #expect(QuantisedWeight.byteCount([17, 96], .q4) == 64 + 2 * 2 * (64 + 32 * 16))
        let weight = QuantisedWeight(Weight(numbers([17, 96])), format: .q4)
        #expect(weight.byteCount == 2368)
        weight.withStoredBytes { #expect($0.byteCount == 2368) }
    }

    /// With 8 bits no number is further from its own than half a step of its block; with 4 bits all of
    /// them together are nearer than even steps from the largest number bring them.
    @Test(arguments: WeightFormat.allCases)
    func roundsBlocks(stored: WeightFormat) {
        let tensor = Weight(normalNumbers([37, 480], seed: 2), format: stored).tensor()
        let weight = Weight(tensor, format: stored)
        let bytes = QuantisedWeight(weight, format: .q8_0).tensor()
        let (values, rounded) = (tensor.values, bytes.values)
        for first in stride(from: 0, to: values.count, by: 32) {
            let block = values[first..<first + 32]
            let most = block.reduce(0) { max($0, abs($1)) }
            for (index, number) in block.enumerated() {
                #expect(abs(rounded[first + index] - number) <= most / 127 * 0.57)
            }
        }
        #expect(relativeError(bytes, tensor) < 0.006)
        let nibbles = QuantisedWeight(weight, format: .q4).tensor()
        let plain = relativeError(evenSteps(tensor), tensor)
        #expect(relativeError(nibbles, tensor) < 0.9 * plain)
    }

    private func evenSteps(_ x: Tensor) -> Tensor {
        var values = x.values
        for first in stride(from: 0, to: values.count, by: 32) {
            let most = values[first..<first + 32].max { abs($0) < abs($1) } ?? 0
            let scale = most / -8
            for index in first..<first + 32 {
                values[index] = scale * min(max((values[index] / scale).rounded(), -8), 7)
            }
        }
        return Tensor(x.shape, values)
    }

    /// A scale of all numbers that is a power of two is kept apart from what the blocks hold.
    @Test(arguments: QuantisedWeight.Format.allCases, [-100, -40, 20, 120])
    func scalesOfTheWhole(format: QuantisedWeight.Format, exponent: Int) {
        let scale = Float(sign: .plus, exponent: exponent, significand: 1)
        let x = numbers([5, 64])
        let plain = QuantisedWeight(Weight(x), format: format).tensor()
        let scaled = QuantisedWeight(Weight(x.scaled(by: scale)), format: format).tensor()
        #expect(bits(scaled) == bits(plain.scaled(by: scale)))
    }

    /// Rows a million times smaller than others keep their digits.
    @Test(arguments: QuantisedWeight.Format.allCases)
    func rowsOfUnequalScales(format: QuantisedWeight.Format) {
        let x = numbers([2, 64])
        let small = x.slice(axis: 0, 1..<2).scaled(by: 1e-6)
        let weight = concatenate([x.slice(axis: 0, 0..<1), small], axis: 0)
        let decoded = QuantisedWeight(Weight(weight), format: format).tensor()
        let alone = QuantisedWeight(Weight(small), format: format).tensor()
        #expect(relativeError(decoded.slice(axis: 0, 1..<2), alone) < 0.01)
    }

    @Test(arguments: QuantisedWeight.Format.allCases)
    func zerosStayZeros(format: QuantisedWeight.Format) {
        var values = numbers([3, 64]).values
        for index in stride(from: 0, to: values.count, by: 3) { values[index] = 0 }
        for index in 64..<96 { values[index] = 0 }
        let decoded = QuantisedWeight(Weight(Tensor([3, 64], values)), format: format).tensor()
        for (number, decoded) in zip(values, decoded.values) where number == 0 {
            #expect(decoded == 0)
        }
        let zero = QuantisedWeight(Weight(Tensor([3, 64], repeating: 0)), format: format)
        #expect(zero.tensor().values.allSatisfy { $0 == 0 })
        let shapeOnly = QuantisedWeight(Weight(shapeOnly: [3, 64]), format: format)
        #expect(linear(numbers([2, 64]), shapeOnly).values.allSatisfy { $0 == 0 })
    }

    /// A number that is not finite makes its block NaN, and leaves the others as they would be.
    @Test(arguments: QuantisedWeight.Format.allCases, [Float.nan, .infinity, -.infinity])
    func aNumberThatIsNotFinite(format: QuantisedWeight.Format, number: Float) {
        let x = numbers([3, 96])
        var values = x.values
        values[96 + 40] = number
        let weight = QuantisedWeight(Weight(Tensor([3, 96], values)), format: format)
        let (decoded, expected) = (
            weight.tensor().values, QuantisedWeight(Weight(x), format: format).tensor().values
        )
        for index in decoded.indices {
            if (96 + 32..<96 + 64).contains(index) {
                #expect(decoded[index].isNaN)
            } else {
                #expect(decoded[index] == expected[index])
            }
        }
        let y = linear(numbers([2, 96], seed: 2), weight).values
        #expect(y.map(\.isNaN) == [false, true, false, false, true, false])
    }

    /// As from a file: the same bytes somewhere else, at an odd address.
    @Test(arguments: QuantisedWeight.Format.allCases)
    func isReadInPlace(format: QuantisedWeight.Format) {
        let weight = QuantisedWeight(Weight(numbers([21, 160])), format: format)
        let block = WeightBlock(byteCount: weight.byteCount + 1)
        let bytes = unsafe block.base + 1
        weight.withStoredBytes { span in
            unsafe span.withUnsafeBytes {
                unsafe bytes.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
        }
        let mapped = unsafe QuantisedWeight(
            [21, 160], format: format, unsafeBytes: bytes, owner: block)
        #expect(bits(mapped.tensor()) == bits(weight.tensor()))
        for rows in [1, 30] {
            let x = numbers([rows, 160], seed: 2)
            #expect(bits(linear(x, mapped)) == bits(linear(x, weight)))
        }
    }

    @Test func isChargedToItsAccount() {
        let account = MemoryAccount()
        let weight = Weight(numbers([20, 64]))
        let quantised = MemoryAccount.charging(account) {
            QuantisedWeight(weight, format: .q4)
        }
        withExtendedLifetime(quantised) {
            #expect(account.tensors.bytes == quantised.byteCount)
        }
    }
}

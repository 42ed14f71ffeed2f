import Tensors
import TestSupport
import Testing

/// Against PyTorch's own numbers (`Tests/Reference/torch_generator.py`).
struct TorchGeneratorTests {
    static let seeds: [UInt64] = [0, 42, 0x1_8765_4321]

    let expected: Fixture

    init() throws { expected = try Fixture("torch-generator.safetensors") }

    @Test(arguments: seeds)
    func words(seed: UInt64) throws {
        var generator = TorchGenerator(seed: seed)
        let words = (0..<1300).map { _ in Float(generator.nextUInt32() % 65536) }
        #expect(words == (try expected.tensor("\(seed).words")).values)
    }

    @Test(arguments: seeds, [1, 5, 15, 16, 17, 31, 64, 1000, 1025])
    func normals(seed: UInt64, length: Int) throws {
        var generator = TorchGenerator(seed: seed)
        expectClose(
            generator.normal([length]), try expected.tensor("\(seed).normal.\(length)"),
            relative: 1e-6)
    }

    @Test(arguments: seeds)
    func callsOneAfterTheOther(seed: UInt64) throws {
        var generator = TorchGenerator(seed: seed)
        var numbers = generator.normal(3) + generator.normal(17)
        for _ in 0..<2 { numbers.append(generator.uniform()) }
        numbers += generator.normal(4)
        for _ in 0..<2 { numbers.append(Float(generator.uniformDouble())) }
        numbers += generator.normal(5)
        expectClose(numbers, try expected.tensor("\(seed).calls").values, relative: 1e-6)
    }

    @Test(arguments: seeds)
    func multinomial(seed: UInt64) throws {
        var generator = TorchGenerator(seed: seed)
        for _ in 0..<37 { _ = generator.uniform() }
        let probabilities = try expected.tensor("\(seed).probabilities").values
        let draws = (0..<50).map { _ in
            Float(generator.multinomial(probabilities: probabilities))
        }
        #expect(draws == (try expected.tensor("\(seed).draws")).values)
        #expect(generator.multinomial(probabilities: [0, 0, 1, 0]) == 2)
    }
}

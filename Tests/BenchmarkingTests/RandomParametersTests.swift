import Layers
import Tensors
import Testing
import Tokenizers

@testable import Benchmarking

@Suite struct RandomParametersTests {
    private func values(_ parameter: StoredParameter?) throws -> [Float] {
        switch try #require(parameter) {
        case .plain(let weight): return weight.tensor().values
        case .packed(let packed): return try #require(packed.unpacked()).tensor().values
        }
    }

    @Test(arguments: [WeightType.f32, .f16])
    func numbersHaveTheDeviationThatWasAskedFor(type: WeightType) throws {
        let shape: Shape = [64, 400]
        let store = RandomParameters(type)
        let numbers = try values(
            store.parameter(named: "w", shape: shape, for: .matrix(parts: 1)))
        let mean = numbers.reduce(0, +) / Float(numbers.count)
        let square = numbers.reduce(0) { $0 + $1 * $1 } / Float(numbers.count)
        // 1/20, but for a power of two.
        #expect(abs(mean) < 0.002)
        #expect((0.035...0.071).contains(square.squareRoot()))
        #expect(Set(numbers).count > 1000)
        let other = try values(
            store.parameter(named: "v", shape: shape, for: .matrix(parts: 1)))
        #expect(other != numbers)
    }

    @Test func vectorsDoNothing() throws {
        let store = RandomParameters(.bf16)
        let norm = store.parameter(named: "norm.weight", shape: [7], for: .vector)
        let bias = store.parameter(named: "attn.q_bias", shape: [7], for: .vector)
        #expect(try values(norm) == [Float](repeating: 1, count: 7))
        #expect(try values(bias) == [Float](repeating: 0, count: 7))
        #expect(!store.contains("lora"))
    }

    /// A layer of more outputs than are packed gives finite numbers of about the size of its input.
    @Test(arguments: WeightType.allCases)
    func layersKeepActivationsFinite(type: WeightType) throws {
        let p = Parameters(RandomParameters(type))
        let layer = try Linear(p, 96, 1500)
        var generator = TorchGenerator(seed: 3)
        let y = layer(generator.normal([3, 96])).values
        let deviation = (y.reduce(0) { $0 + $1 * $1 } / Float(y.count)).squareRoot()
        #expect(y.allSatisfy(\.isFinite) && (0.5...2).contains(deviation), "\(deviation)")
        let convolution = try Conv2d(p, 16, 40, kernel: 3, padding: 1)
        let z = convolution(generator.normal([1, 6, 5, 16])).values
        #expect(z.allSatisfy(\.isFinite) && z.contains { abs($0) > 0.1 })
        let parts = try p.matrices("qkv", [3 * 1200, 40], parts: 3)
        #expect(parts.count == 3 && parts.allSatisfy { $0.shape == [1200, 40] })
    }

    @Test func vocabularyServesAnyNumberOfRows() throws {
        let tokenizer = try LlamaTokenizer(model: PlainVocabulary.file, rows: 32_009)
        #expect(tokenizer.vokens == 32_000..<32_008 && tokenizer.beginning == 1)
        let ids = tokenizer.encode("a red fox, 7")
        #expect(!ids.isEmpty && !ids.contains(tokenizer.unknown))
        #expect(tokenizer.decode(ids) == "a red fox, 7")
    }
}

import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Pipelines

@Suite struct SamplerTests {
    @Test(arguments: 0..<9)
    func agreesWithTransformers(number: Int) throws {
        let file = try Safetensors(path: fixture("sampling.safetensors").path)
        func values(_ name: String) throws -> [Float] {
            try #require(file.weight(named: "\(number).\(name)")).tensor().values
        }
        let options = try values("options").map(Double.init)
        let sampler = Sampler(
            Sampling(
                temperature: options[0], topK: Int(options[1]), topP: options[2],
                repetitionPenalty: options[3]))
        let seen = Set(try values("seen").map { Int($0) })
        let scores = sampler.filtered(try values("logits"), seen: seen)
        expectClose(softmax(scores), try values("probabilities"), relative: 1e-5)
    }

    @Test func drawsWithTheProbabilitiesOfTheScores() throws {
        let scores: [Float] = [0, -.infinity, log(3), log(4)]
        var generator = TorchGenerator(seed: 11)
        var counts = [0, 0, 0, 0]
        for _ in 0..<8000 { counts[try #require(Sampler.draw(scores, &generator))] += 1 }
        #expect(counts[1] == 0)
        // Four standard deviations of a binomial count.
        #expect(abs(counts[0] - 1000) < 119)
        #expect(abs(counts[2] - 3000) < 174)
        #expect(abs(counts[3] - 4000) < 179)
    }

    @Test func takesOneNumberOfTheGeneratorForAToken() throws {
        var drawing = TorchGenerator(seed: 3)
        var counting = TorchGenerator(seed: 3)
        for _ in 0..<5 {
            let token = try #require(Sampler.draw([0, 0, 0, 0], &drawing))
            #expect(token == Int(counting.uniformDouble() * 4))
        }
    }

    @Test func drawsNothingFromNothing() {
        var generator = TorchGenerator(seed: 0)
        #expect(Sampler.draw([-.infinity, -.infinity], &generator) == nil)
        #expect(Sampler.draw([], &generator) == nil)
        #expect(Sampler.draw([.nan, .nan], &generator) == nil)
    }

    @Test func forcesAsThePublishedCodeDoes() {
        var scores: [Float] = [1, 3, 2]
        Sampler.force(0, in: &scores)
        #expect(scores == [30, 3, 2])
        var negative: [Float] = [-1, -3, -2]
        Sampler.force(1, in: &negative)
        #expect(negative == [-1, -10, -2])
    }

    private func softmax(_ scores: [Float]) -> [Float] {
        let best = scores.max() ?? 0
        let weights = scores.map { exp($0 - best) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }
}

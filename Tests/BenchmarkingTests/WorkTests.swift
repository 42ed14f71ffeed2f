import Checkpoints
import Stages
import Testing

@testable import Benchmarking

/// What is counted against totals that are known from elsewhere.
@Suite struct WorkTests {
    private func settings(_ kind: StageKind) throws -> Settings {
        Settings(try #require(Geometry.minigpt5.stages[kind]).configuration)
    }

    private func giga(_ operations: Double) -> Int { Int((operations / 1e9).rounded()) }

    /// 1608 GFLOP: 789 of 3×3 convolutions of stride 1 and 47 of others, 520 of matrices, 252 of
    /// attention.
    @Test func unet() throws {
        let work = try Work.unet(settings(.unet), batch: 2, side: 64, length: 77)
        #expect(giga(work.convolution) == 837)
        #expect(giga(work.linear) == 520)
        #expect(giga(work.attention) == 252)
        #expect(abs(work.operations / 1e9 - 1608) < 1)
        // 865,910,724 parameters in all, of which biases and norms are no matrices.
        #expect((0.998...1).contains(work.weights / 865_910_724))
        let single = try Work.unet(settings(.unet), batch: 1, side: 64, length: 77)
        #expect(single.operations * 2 == work.operations && single.weights == work.weights)
    }

    @Test func autoencoder() throws {
        let work = try Work.decoding(settings(.vae), side: 64)
        #expect(giga(work.operations) == 2515)
    }

    @Test func visionTransformer() throws {
        let c = try settings(.imageEncoder)
        #expect(giga(try Work.vision(c).operations) == 521)
        let whole = try Work.encoding(c)
        // 985,894,528 + 105,137,664 + 3,149,824 parameters, less tables, biases and norms.
        #expect((0.998...1).contains(whole.weights / 1_094_182_016))
    }

    /// A row through a LLaMA takes two operations for each number of its matrices.
    @Test func language() throws {
        let c = try settings(.languageModel)
        let one = try Work.language(c, sequences: 1, positions: 1, cached: 0)
        // 6,738,489,344 parameters less the table that rows are looked up in, and 65 norms.
        let matrices = 6_738_489_344.0 - 32_009 * 4096 - 65 * 4096
        #expect(one.weights == matrices && one.linear == 2 * matrices)
        // Scores and sums over 128 positions, each of which sees itself and those before it.
        let prompt = try Work.language(c, sequences: 1, positions: 128, cached: 0)
        #expect(prompt.attention == 32 * 4 * 4096 * (128 * 129 / 2))
        // In pieces it is the same, but for the logits of each piece.
        let halves =
            try Work.language(c, sequences: 1, positions: 64, cached: 0)
            + Work.language(c, sequences: 1, positions: 64, cached: 64)
        #expect(halves.attention == prompt.attention)
        #expect(halves.linear - prompt.linear == 2 * 32_009 * 4096)
        let four = try Work.language(c, sequences: 4, positions: 1, cached: 127)
        #expect(four.cached == 4 * 128 * 2 * 4096 * 32 && four.weights == matrices)
    }

    @Test func mapper() throws {
        let work = try Work.mapping(settings(.featureMapper), batch: 1)
        // 122,899,456 parameters less queries, biases and norms; keys and values of the memory are
        // computed from another matrix than queries, but each of their numbers counts once.
        #expect((0.998...1).contains(work.weights / (122_899_456 - 77 * 1024)))
    }
}

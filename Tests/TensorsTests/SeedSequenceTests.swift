import Foundation
import Tensors
import TestSupport
import Testing

/// Against NumPy's own words (`Tests/Reference/seed_sequence.py`).
struct SeedSequenceTests {
    struct Case: Decodable {
        let entropy: UInt64
        let spawnKey: [UInt64]
        let poolSize: Int
        let words: [UInt32]
    }

    @Test func wordsAreNumPys() throws {
        let bytes = try Data(contentsOf: fixture("seed-sequence.json"))
        let cases = try JSONDecoder().decode([Case].self, from: bytes)
        #expect(!cases.isEmpty)
        for expected in cases {
            let seeds = SeedSequence(
                entropy: expected.entropy, spawnKey: expected.spawnKey, poolSize: expected.poolSize)
            #expect(seeds.words(expected.words.count) == expected.words, "\(expected)")
        }
    }
}

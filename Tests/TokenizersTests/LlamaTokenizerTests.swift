import Checkpoints
import Foundation
import Testing
import Tokenizers

struct LlamaTokenizerTests {
    /// 1,024 pieces of the pocket world and the nine added tokens.
    static let rows = 1033
    let tokenizer: LlamaTokenizer

    init() throws {
        tokenizer = try LlamaTokenizer(path: fixturePath("tokenizer.model"), rows: Self.rows)
    }

    @Test func encodesAsTheReference() throws {
        let cases = try fixtureCases("llama", "encoded")
        #expect(cases.count > 200)
        for example in cases {
            let text = try example.string("text")
            #expect(
                tokenizer.encode(text) == (try example.integers("ids")), "\(text.debugDescription)")
        }
    }

    @Test func decodesAsTheReference() throws {
        let cases = try fixtureCases("llama", "encoded") + fixtureCases("llama", "decoded")
        #expect(cases.count > 300)
        for example in cases {
            let ids = try example.integers("ids")
            #expect(tokenizer.decode(ids) == (try example.string("decoded")), "\(ids)")
        }
    }

    /// A published model, if the environment names its folder
    /// (`Tests/Reference/sentence_piece.py` writes the cases).
    @Test(.enabled(if: realFolder != nil)) func agreesWithSentencePieceOnARealFile() throws {
        let folder = try #require(realFolder)
        let cases = try object(BoundedFile.read(folder + "/cases.json", limit: 64 << 20))
        let rows = try cases.integer("count") + 9
        let tokenizer = try LlamaTokenizer(path: folder + "/tokenizer.model", rows: rows)
        let encoded = try tables(cases, "encoded")
        #expect(encoded.count == 1000)
        for example in encoded {
            let text = try example.string("text")
            let ids = try example.integers("ids")
            #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
            #expect(tokenizer.decode(ids) == (try example.string("decoded")), "\(ids)")
        }
    }

    @Test func addedTokensAreTheLastRows() {
        #expect(tokenizer.count == Self.rows)
        #expect(tokenizer.vokens == 1024..<1032)
        #expect(tokenizer.imagePlaceholder == 1032)
        #expect(tokenizer.encode("[IMG0] [IMG7]<ImageHere>") == [1024, 1031, 1032])
        #expect(tokenizer.unknown == 0)
        #expect(tokenizer.beginning == 1)
        #expect(tokenizer.end == 2)
    }

    @Test func aDeclaredPaddingTokenShiftsTheVokens() throws {
        let shifted = try LlamaTokenizer(path: fixturePath("tokenizer.model"), rows: Self.rows + 1)
        #expect(shifted.vokens == 1025..<1033)
        #expect(shifted.decode([1024, 1025]) == "[IMG0]")
    }

    @Test func aChunkAfterATokenHasItsOwnLeadingBlank() {
        #expect(tokenizer.encode("[IMG7] ###") == [1031] + tokenizer.encode("###"))
    }

    @Test func refusesATableTooSmallForTheVocabulary() {
        #expect {
            try LlamaTokenizer(path: fixturePath("tokenizer.model"), rows: Self.rows - 1)
        } throws: { error in
            (error as? TokenizerError)?.code == .mismatch
        }
    }

    @Test func refusesWhatIsNotAModel() throws {
        let model = try BoundedFile.read(fixturePath("tokenizer.model"), limit: 1 << 20)
        for bytes in [[], [0], Array("not a model".utf8), Array(model.prefix(model.count / 2))] {
            #expect {
                try LlamaTokenizer(model: bytes, rows: Self.rows)
            } throws: { error in
                (error as? TokenizerError)?.code == .malformed
            }
        }
    }

    @Test func namesAMissingFile() {
        #expect {
            try LlamaTokenizer(path: fixturePath("absent.model"), rows: Self.rows)
        } throws: { error in
            (error as? CheckpointError)?.code == .notFound
        }
    }
}

private let realFolder = ProcessInfo.processInfo.environment["VOKEN_SENTENCE_PIECE"]

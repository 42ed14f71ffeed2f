import Checkpoints
import Testing
import Tokenizers

struct ClipTokenizerTests {
    let vocabulary: [UInt8]
    let merges: [UInt8]

    init() throws {
        vocabulary = try BoundedFile.read(fixturePath("clip/vocab.json"), limit: 1 << 20)
        merges = try BoundedFile.read(fixturePath("clip/merges.txt"), limit: 1 << 20)
    }

    @Test(arguments: [("end", nil), ("exclamation", "!")] as [(String, String?)])
    func encodesAsTheReference(name: String, paddingToken: String?) throws {
        let tokenizer = try ClipTokenizer(
            vocabulary: vocabulary, merges: merges, paddingToken: paddingToken)
        let cases = try fixtureCases("clip", name)
        #expect(cases.count > 150)
        for example in cases {
            let text = try example.string("text")
            // The script leaves most of the padding out.
            var expected = try example.integers("ids")
            while expected.count < 77 { expected.append(tokenizer.padding) }
            #expect(
                try tokenizer.encode(text, length: 77) == expected, "\(text.debugDescription)")
        }
    }

    @Test func truncatesBetweenBeginningAndEnd() throws {
        let tokenizer = try ClipTokenizer(vocabulary: vocabulary, merges: merges)
        let ids = try tokenizer.encode("the ball the ball the ball", length: 5)
        #expect(ids.first == tokenizer.beginning)
        #expect(ids.last == tokenizer.end)
        #expect(ids.count == 5)
        #expect(ids[1...3].elementsEqual(try tokenizer.encode("the ball the")))
    }

    @Test func readsAFolder() throws {
        let tokenizer = try ClipTokenizer(folder: fixturePath("clip"))
        #expect(tokenizer.count == 1114)
        #expect(tokenizer.padding == tokenizer.end)
    }

    @Test func refusesAnOverlongCaption() throws {
        let tokenizer = try ClipTokenizer(vocabulary: vocabulary, merges: merges)
        #expect(throws: TokenizerError.self) {
            try tokenizer.encode(String(repeating: "a", count: ClipTokenizer.maximumTextBytes + 1))
        }
    }

    @Test(arguments: [
        ("[]", "#version: 0.2\n"), ("{\"a\":0}", "#version: 0.2\n"), ("{\"a\":-1}", ""), ("{", ""),
    ])
    func refusesABadVocabulary(vocabulary: String, merges: String) {
        #expect {
            try ClipTokenizer(vocabulary: Array(vocabulary.utf8), merges: Array(merges.utf8))
        } throws: { error in
            (error as? TokenizerError)?.code == .malformed
        }
    }

    @Test(arguments: ["a\n", "a b c\n", "zz yy\n"])
    func refusesBadMerges(line: String) {
        #expect {
            try ClipTokenizer(vocabulary: vocabulary, merges: Array(line.utf8))
        } throws: { error in
            (error as? TokenizerError)?.code == .malformed
        }
    }
}

import Checkpoints
import Foundation
import Testing
import Tokenizers

struct BytePairTokenizerTests {
    @Test(arguments: ["gpt2", "digits", "llama3", "gpt4o", "added"])
    func agreesWithTokenizers(name: String) throws {
        let file = try contents("byte-pair/\(name).json")
        try expectAgreement(of: file, with: contents("byte-pair/\(name)-cases.json"))
    }

    /// A published vocabulary, if the environment names its folder (`Tests/Reference/byte_pair.py`
    /// writes the cases).
    @Test(.enabled(if: realFolder != nil)) func agreesWithTokenizersOnARealFile() throws {
        let folder = try #require(realFolder)
        let file = try BoundedFile.read(folder + "/tokenizer.json", limit: 64 << 20)
        let cases = try BoundedFile.read(folder + "/cases.json", limit: 64 << 20)
        try expectAgreement(of: file, with: cases)
    }

    /// The arrays of a GGUF file make the same tokenizer as the file they were taken from.
    @Test(arguments: [("gpt2", "gpt-2"), ("digits", "smollm"), ("llama3", "llama-bpe")])
    func takesTheArraysOfAGGUFFile(name: String, preTokenizer: String) throws {
        let file = try object(contents("byte-pair/\(name).json"))
        let model = try file.table("model")
        let ids = try model.table("vocab").values.mapValues { value throws -> Int in
            guard case .integer(let id) = value else { throw JSONShape() }
            return id
        }
        let added = try tables(file, "added_tokens").map {
            (id: try $0.integer("id"), text: try $0.string("content"))
        }
        let count = 1 + max(ids.values.max() ?? 0, added.map(\.id).max() ?? 0)
        var tokens = [String](repeating: "", count: count)
        var types = [Int](repeating: 1, count: count)
        for (token, id) in ids { tokens[id] = token }
        for (id, text) in added { (tokens[id], types[id]) = (text, 3) }
        guard case .array(let elements) = model.value("merges") else { throw JSONShape() }
        let merges = try elements.map { element in
            switch element {
            case .string(let text): return text
            case .array(let pair):
                guard case .string(let left) = pair[0], case .string(let right) = pair[1] else {
                    throw JSONShape()
                }
                return left + " " + right
            default: throw JSONShape()
            }
        }
        let tokenizer = try BytePairTokenizer(
            tokens: tokens, merges: merges, types: types, preTokenizer: preTokenizer, rows: count,
            special: SpecialIDs(beginning: 0, end: 0))
        let cases = try object(contents("byte-pair/\(name)-cases.json"))
        for example in try tables(cases, "encoded") {
            let text = try example.string("text")
            guard !mentionsVokens(text) else { continue }
            #expect(
                tokenizer.encode(text) == (try example.integers("ids")), "\(text.debugDescription)")
        }
    }

    @Test func aPlainVocabularyHasItsVokensBehindTheTable() throws {
        let file = try contents("byte-pair/gpt2.json")
        let tokenizer = try BytePairTokenizer(json: file, rows: 500, special: SpecialIDs(end: 0))
        #expect(!tokenizer.hasVokens)
        #expect(tokenizer.vokens == 500..<508)
        #expect(tokenizer.imagePlaceholder == 508)
        #expect(tokenizer.count == 509)
        #expect(tokenizer.encode("[IMG0] <ImageHere>").filter { $0 >= 500 } == [500, 508])
        #expect(tokenizer.decode([501, 499]) == "[IMG1]")
        #expect(special(tokenizer) == [0, 0, 0])
    }

    @Test func findsTheVokensOfAVocabularyThatHasThem() throws {
        let file = try contents("byte-pair/added.json")
        let tokenizer = try BytePairTokenizer(
            json: file, rows: 500, special: SpecialIDs(beginning: 1, end: 2, unknown: 3))
        #expect(tokenizer.hasVokens)
        #expect(tokenizer.count == 500)
        let (first, placeholder) = (tokenizer.vokens.lowerBound, tokenizer.imagePlaceholder)
        #expect(
            tokenizer.encode("[IMG0][IMG7]<ImageHere>") == [first, first + 7, placeholder])
        #expect(tokenizer.decode([placeholder]) == "<ImageHere>")
        #expect(special(tokenizer) == [3, 1, 2])
    }

    /// What texts must not contain: special tokens, not what a vocabulary merely adds.
    @Test func listsItsMarks() throws {
        let plain = try BytePairTokenizer(
            json: contents("byte-pair/gpt2.json"), rows: 500, special: SpecialIDs(end: 0))
        #expect(plain.marks.contains("<|endoftext|>"))
        #expect(plain.marks.contains("[IMG7]") && plain.marks.contains("<ImageHere>"))
        #expect(!plain.marks.contains("<s>"))
        let gguf = try BytePairTokenizer(
            tokens: ["a", "<|im_start|>", "<tool>", "<|e|>"], merges: [], types: [1, 3, 4, 3],
            preTokenizer: "gpt-2", rows: 4, special: SpecialIDs(end: 3))
        #expect(
            gguf.marks.filter { $0.hasPrefix("<") } == ["<ImageHere>", "<|im_start|>", "<|e|>"])
    }

    /// Characters whose bytes are several tokens come whole once the last of them is there.
    @Test func decodesCharactersAcrossTokens() throws {
        let file = try contents("byte-pair/gpt2.json")
        let tokenizer = try BytePairTokenizer(json: file, rows: 500, special: SpecialIDs(end: 0))
        let ids = tokenizer.encode("\u{1F430}")
        #expect(ids.count == 4)
        #expect(tokenizer.decode(Array(ids.prefix(3))) == "\u{FFFD}")
        #expect(tokenizer.decode(ids) == "\u{1F430}")
    }

    @Test func mergesAWordOfAnyLength() throws {
        let file = try contents("byte-pair/gpt2.json")
        let tokenizer = try BytePairTokenizer(json: file, rows: 500, special: SpecialIDs(end: 0))
        let word = String(repeating: "the", count: 20_000)
        let ids = tokenizer.encode(word)
        #expect(ids.count < 60_000)
        #expect(tokenizer.decode(ids) == word)
    }

    @Test func readsTheNamesBesideTheFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "voken-bpe-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "tokenizer.json").path
        try FileManager.default.copyItem(atPath: fixturePath("byte-pair/llama3.json"), toPath: path)
        func open() throws -> BytePairTokenizer {
            try BytePairTokenizer(path: path, rows: 500, special: SpecialIDs(beginning: 7, end: 8))
        }
        #expect(special(try open()) == [7, 7, 8])
        let names = folder.appending(path: "tokenizer_config.json")
        try Data(
            #"{"bos_token": {"content": "<|im_start|>"}, "eos_token": "<|endoftext|>", "x": NaN}"#
                .utf8
        ).write(to: names)
        let start = try open().encode("<|im_start|>")[0]
        #expect(start > 8)
        #expect(special(try open()) == [start, start, 0])
        try Data(#"{"eos_token": "</s>"}"#.utf8).write(to: names)
        #expect(throws: TokenizerError.self) { try open() }
    }

    private func special(_ tokenizer: BytePairTokenizer) -> [Int] {
        [tokenizer.unknown, tokenizer.beginning, tokenizer.end]
    }

    private func expectAgreement(of file: [UInt8], with cases: [UInt8]) throws {
        let expected = try object(cases)
        let rows = try expected.integer("count")
        let tokenizer = try BytePairTokenizer(
            json: file, rows: rows, special: SpecialIDs(end: 0))
        let encoded = try tables(expected, "encoded")
        #expect(encoded.count > 200)
        for example in encoded {
            let text = try example.string("text")
            let ids = try example.integers("ids")
            // Of a plain vocabulary the text of a voken is a voken all the same.
            guard tokenizer.hasVokens || !mentionsVokens(text) else { continue }
            #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
            let decoded = try example.string("decoded", default: text)
            #expect(tokenizer.decode(ids) == decoded, "\(ids)")
        }
        for example in try tables(expected, "decoded") {
            let ids = try example.integers("ids")
            #expect(tokenizer.decode(ids) == (try example.string("decoded")), "\(ids)")
        }
    }

    private func mentionsVokens(_ text: String) -> Bool {
        text.contains("<ImageHere>") || (0..<8).contains { text.contains("[IMG\($0)]") }
    }
}

private let realFolder = ProcessInfo.processInfo.environment["VOKEN_BYTE_PAIR"]

private func contents(_ name: String) throws -> [UInt8] {
    try BoundedFile.read(fixturePath(name), limit: 1 << 20)
}

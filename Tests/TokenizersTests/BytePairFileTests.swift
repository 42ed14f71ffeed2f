import Checkpoints
import Testing
import Tokenizers

/// What `tokenizer.json` may not say.
struct BytePairFileTests {
    private struct Part: CustomTestStringConvertible, Sendable {
        var testDescription: String { "\(key): \(text)" }
        let key: String
        let text: String
        let code: TokenizerError.Code
        let mention: String

        init(_ key: String, _ text: String, _ code: TokenizerError.Code, _ mention: String) {
            self.key = key
            self.text = text
            self.code = code
            self.mention = mention
        }
    }

    private static let byteLevel = #"{"type":"ByteLevel","add_prefix_space":false}"#

    private static func model(_ member: String) -> String {
        #"{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]],"# + member + "}"
    }

    private static func split(_ pattern: String) -> String {
        #"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"# + pattern
            + #"},"behavior":"Isolated"},"# + byteLevel + "]}"
    }

    private static let parts = [
        Part("truncation", #"{"max_length":8}"#, .unsupported, "truncation"),
        Part("padding", "{}", .unsupported, "padding"),
        Part("normalizer", #"{"type":"Lowercase"}"#, .unsupported, "Lowercase"),
        Part("pre_tokenizer", "null", .unsupported, "ByteLevel"),
        Part("pre_tokenizer", #"{"type":"Metaspace"}"#, .unsupported, "Metaspace"),
        Part(
            "pre_tokenizer",
            #"{"type":"Sequence","pretokenizers":["# + byteLevel + "," + byteLevel
                + "]}", .unsupported, "ByteLevel"),
        Part("pre_tokenizer", #"{"type":"Sequence","pretokenizers":[1]}"#, .malformed, "integer"),
        Part("post_processor", #"{"type":"BertProcessing"}"#, .unsupported, "BertProcessing"),
        Part("decoder", #"{"type":"WordPiece"}"#, .unsupported, "WordPiece"),
        Part("model", #"{"type":"Unigram"}"#, .unsupported, "Unigram"),
        Part("model", model(#""byte_fallback":true"#), .unsupported, "byte_fallback"),
        Part("model", model(#""dropout":0.1"#), .unsupported, "dropout"),
        Part("model", model(#""end_of_word_suffix":"</w>""#), .unsupported, "end_of_word_suffix"),
        Part("model", model(#""continuing_subword_prefix":"@@""#), .unsupported, "continuing"),
        Part("model", model(#""ignore_merges":1"#), .malformed, "ignore_merges"),
        Part("model", #"{"vocab":{"a":0,"b":0}}"#, .malformed, "one id"),
        Part("model", #"{"vocab":{"a":-1}}"#, .malformed, "vocab"),
        Part("model", #"{"vocab":{"a":1048576}}"#, .malformed, "vocab"),
        Part("model", #"{"vocab":{"a":1.5}}"#, .malformed, "vocab"),
        Part("model", #"{"vocab":{"a":0},"merges":["a"]}"#, .malformed, "merges"),
        Part("model", #"{"vocab":{"a":0},"merges":["a  a"]}"#, .malformed, "merges"),
        Part("model", #"{"vocab":{"a":0},"merges":[["a"]]}"#, .malformed, "merges"),
        Part("model", #"{"vocab":{"a":0},"merges":[["a","a"]]}"#, .malformed, "aa"),
        Part("model", #"{"vocab":{"a":0},"merges":{}}"#, .malformed, "merges"),
        Part("model", #"{"vocab":{"a":0,"z":500}}"#, .mismatch, "501"),
        Part(
            "added_tokens", #"[{"id":3,"content":"x","single_word":true}]"#, .unsupported,
            "single_word"),
        Part("added_tokens", #"[{"id":-3,"content":"x"}]"#, .malformed, "id"),
        Part("added_tokens", #"[{"id":3,"content":""}]"#, .malformed, "added token"),
        Part("added_tokens", #"[{"id":1,"content":"x"}]"#, .malformed, "the id 1"),
        Part("added_tokens", #"[{"id":3,"content":"[IMG0]"}]"#, .malformed, "[IMG1]"),
        Part("pre_tokenizer", split(#""a(b""#), .unsupported, "without a )"),
        Part("pre_tokenizer", split(#""a)""#), .unsupported, "without a ("),
        Part("pre_tokenizer", split(#""a*""#), .unsupported, "matches nothing"),
        Part("pre_tokenizer", split(#""a++""#), .unsupported, "possessive"),
        Part("pre_tokenizer", split(#""a+?""#), .unsupported, "lazy"),
        Part("pre_tokenizer", split(#""(?<=a)b""#), .unsupported, "(?<"),
        Part("pre_tokenizer", split(#""a(?!bc)""#), .unsupported, "looks ahead"),
        Part("pre_tokenizer", split(#""^a""#), .unsupported, "anchor"),
        Part("pre_tokenizer", split(#""\\p{Han}""#), .unsupported, "Han"),
        Part("pre_tokenizer", split(#""(a)\\1""#), .unsupported, "escape"),
        Part("pre_tokenizer", split(#""\\bx""#), .unsupported, "escape"),
        Part("pre_tokenizer", split(#""[a""#), .unsupported, "ends too early"),
        Part("pre_tokenizer", split(#""[z-a]""#), .unsupported, "range"),
        Part("pre_tokenizer", split(#""[a[b]]""#), .unsupported, "set within"),
        Part("pre_tokenizer", split(#""a{3,2}""#), .unsupported, "repetition"),
        Part("pre_tokenizer", split(#""a{999999999999}""#), .unsupported, "repetition"),
        Part("pre_tokenizer", split(#""((a{99}){99}){99}""#), .unsupported, "steps"),
        Part(
            "pre_tokenizer",
            split(
                "\"" + String(repeating: "(", count: 99) + "a" + String(repeating: ")", count: 99)
                    + "\""), .unsupported, "deeply"),
    ]

    @Test(arguments: parts)
    private func refusesByName(part: Part) {
        var members = [
            "pre_tokenizer": Self.byteLevel, "decoder": #"{"type":"ByteLevel"}"#,
            "model": Self.model(#""dropout":null"#),
        ]
        members[part.key] = part.text
        let file = "{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        let error = #expect(throws: TokenizerError.self) {
            try BytePairTokenizer(json: Array(file.utf8), rows: 400, special: SpecialIDs(end: 0))
        }
        #expect(error?.code == part.code, "\(error.debugDescription)")
        #expect(error?.message.contains(part.mention) == true, "\(error.debugDescription)")
    }

    @Test(arguments: ["", "[]", "{", "\"a\"", "{\"model\":3}"])
    func refusesWhatIsNoVocabulary(text: String) {
        #expect {
            try BytePairTokenizer(json: Array(text.utf8), rows: 400, special: SpecialIDs(end: 0))
        } throws: { error in
            (error as? TokenizerError)?.code == .malformed
        }
    }

    /// A repetition within a repetition can match a run of letters in exponentially many ways, and
    /// here none of them comes to its end: the matcher tries each state at each place once.
    @Test func aHostilePatternDoesNotStopTheMatcher() throws {
        let file =
            #"{"pre_tokenizer":"# + Self.split(#""((a+)+)+b|a""#)
            + #","decoder":{"type":"ByteLevel"},"model":"# + Self.model(#""dropout":null"#) + "}"
        let tokenizer = try BytePairTokenizer(
            json: Array(file.utf8), rows: 400, special: SpecialIDs(end: 0))
        let letters = String(repeating: "a", count: 100)
        #expect(tokenizer.encode(letters) == [Int](repeating: 0, count: 100))
        #expect(tokenizer.encode(letters + "b") == [Int](repeating: 0, count: 99) + [2])
    }

    @Test func needsAnEndToken() throws {
        let file = try BoundedFile.read(fixturePath("byte-pair/gpt2.json"), limit: 1 << 20)
        for special in [SpecialIDs(), SpecialIDs(end: 500), SpecialIDs(beginning: 0, end: -1)] {
            #expect {
                try BytePairTokenizer(json: file, rows: 500, special: special)
            } throws: { error in
                (error as? TokenizerError)?.message.contains("eos_token") == true
            }
        }
    }

    @Test func refusesArraysThatContradictEachOther() {
        func code(
            _ tokens: [String], _ types: [Int], _ merges: [String] = [], _ rules: String = "gpt-2"
        ) -> TokenizerError.Code? {
            do {
                _ = try BytePairTokenizer(
                    tokens: tokens, merges: merges, types: types, preTokenizer: rules, rows: 9,
                    special: SpecialIDs(end: 0))
                return nil
            } catch { return error.code }
        }
        #expect(code(["a", "b", "ab"], [1, 1, 1], ["a b"]) == nil)
        #expect(code(["a", "b"], [1]) == .malformed)
        #expect(code(["a", "a"], [1, 1]) == .malformed)
        #expect(code(["a", "b"], [1, 7]) == .malformed)
        #expect(code(["a", "b"], [1, 1], ["a b"]) == .malformed)
        #expect(code(["a", "b"], [1, 1], ["ab"]) == .malformed)
        #expect(code(["a", "b"], [1, 1], [], "default") == .unsupported)
        #expect(
            code([String](repeating: "", count: 12), [Int](repeating: 1, count: 12)) == .malformed)
    }
}

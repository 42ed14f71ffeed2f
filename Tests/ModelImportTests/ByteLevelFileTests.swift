import Checkpoints
import Foundation
import TestSupport
import Testing
import Tokenizers

@testable import ModelImport

@Suite struct ByteLevelFileTests {
    /// The file that is made of a GGUF file's arrays cuts and merges as the arrays do.
    @Test(arguments: ["gpt-2", "smollm", "llama-bpe", "qwen2"])
    func theFileIsTheArraysTokenizer(rules: String) throws {
        let bytes = try BoundedFile.read(fixture("byte-pair/gpt2.json").path, limit: 1 << 20)
        guard case .table(let root) = try JSON.parse(bytes) else { return }
        let model = try Settings(root).table("model")
        var tokens = [String](repeating: "", count: try model.table("vocab").values.count + 2)
        var types = [TokenType](repeating: .unused, count: tokens.count)
        for (token, value) in try model.table("vocab").values {
            guard case .integer(let id) = value, id < tokens.count else { continue }
            (tokens[id], types[id]) = (token, .normal)
        }
        (tokens[tokens.count - 1], types[tokens.count - 1]) = ("<|im_end|>", .control)
        guard case .array(let elements)? = model.value("merges") else { return }
        let merges = elements.compactMap { element -> String? in
            switch element {
            case .string(let text): text
            case .array(let pair):
                pair.compactMap { if case .string(let token) = $0 { token } else { nil } }
                    .joined(separator: " ")
            default: nil
            }
        }
        #expect(merges.count == elements.count && !merges.isEmpty)
        let special = SpecialIDs(beginning: 0, end: 0)
        let direct = try BytePairTokenizer(
            tokens: tokens, merges: merges, types: types.map(\.rawValue), preTokenizer: rules,
            rows: tokens.count, special: special)
        let file = try ByteLevelFile(
            tokens: tokens, types: types, merges: merges, preTokenizer: rules)
        let read = try BytePairTokenizer(
            json: Array(file.text.utf8), rows: tokens.count, special: special)
        for text in [
            "The cat's 1234 toys, isn't it?  Yes!\n\n  é日本 x=y_1;<|im_end|>", "HELLO'S  world 7",
            "", "   ",
        ] { #expect(read.encode(text) == direct.encode(text), "\(text)") }
        #expect(throws: ImportError.self) {
            try ByteLevelFile(tokens: tokens, types: types, merges: [], preTokenizer: "unheard-of")
        }
    }
}

import Checkpoints

/// The tokenizer in a GGUF file's metadata, as the file that a folder has it in: `tokenizer.model`
/// for SentencePiece, `tokenizer.json` for a byte-level vocabulary.
struct GGUFTokenizer {
    let fileName: String
    let contents: [UInt8]

    init(_ gguf: GGUF) throws {
        let m = gguf.metadata
        let tokens = try m.strings("tokenizer.ggml.tokens")
        let types = try m.integers(
            "tokenizer.ggml.token_type",
            default: [Int](repeating: TokenType.normal.rawValue, count: tokens.count))
        guard types.count == tokens.count else {
            throw m.error(
                "tokenizer.ggml.token_type", "\(types.count) for \(tokens.count) tokens")
        }
        let kinds = types.map { TokenType(rawValue: $0) ?? .normal }
        switch try m.string("tokenizer.ggml.model") {
        case "gpt2":
            fileName = "tokenizer.json"
            contents = Array(
                try ByteLevelFile(
                    tokens: tokens, types: kinds, merges: m.strings("tokenizer.ggml.merges"),
                    preTokenizer: m.string("tokenizer.ggml.pre", default: "gpt-2")
                ).text.utf8)
        case "llama":
            fileName = "tokenizer.model"
            contents =
                SentencePieceFile(
                    tokens: tokens, types: kinds,
                    scores: try m.floats("tokenizer.ggml.scores", count: tokens.count),
                    prefixesBlank: try m.boolean(
                        "tokenizer.ggml.add_space_prefix", default: true),
                    joinsBlanks: try m.boolean(
                        "tokenizer.ggml.remove_extra_whitespaces", default: false)
                ).contents
        case let other:
            throw m.error(
                "tokenizer.ggml.model",
                "\"\(other)\" is not known; known are llama (SentencePiece) and gpt2 (byte-level)")
        }
    }
}

/// The numbers of llama.cpp's `enum llama_token_type`, which are SentencePiece's.
enum TokenType: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
}

extension Settings {
    fileprivate func floats(_ key: String, count: Int) throws(SettingError) -> [Float] {
        guard case .array(let elements)? = value(key), elements.count == count else {
            throw error(key, "expected \(count) numbers")
        }
        var numbers: [Float] = []
        for element in elements {
            switch element {
            case .number(let number): numbers.append(Float(number))
            case .integer(let integer): numbers.append(Float(integer))
            default: throw error(key, "expected numbers, found \(element.kind)")
            }
        }
        return numbers
    }
}

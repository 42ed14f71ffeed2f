import Checkpoints

/// A byte-level vocabulary as `tokenizer.json`, the file of the package tokenizers.
struct ByteLevelFile {
    let text: String

    /// - Parameter preTokenizer: `tokenizer.ggml.pre`.
    init(
        tokens: [String], types: [TokenType], merges: [String], preTokenizer: String
    ) throws {
        var vocabulary: [String: SettingValue] = [:]
        var added: [SettingValue] = []
        for (id, token) in tokens.enumerated() {
            switch types[id] {
            case .control, .userDefined:
                added.append(
                    .table([
                        "id": .integer(id), "content": .string(token), "single_word": false,
                        "lstrip": false, "rstrip": false, "normalized": false,
                        "special": .boolean(types[id] != .userDefined),
                    ]))
            case .normal:
                guard vocabulary.updateValue(.integer(id), forKey: token) == nil else {
                    throw ImportError.refused("the vocabulary has \(JSON.quoted(token)) twice")
                }
            // No text becomes them, and they print nothing.
            case .unknown, .unused, .byte: break
            }
        }
        let rules = try PreTokenizerName.rules(preTokenizer)
        text =
            SettingValue.table([
                "version": "1.0",
                "added_tokens": .array(added),
                "pre_tokenizer": .table([
                    "type": "Sequence", "pretokenizers": .array(rules.steps),
                ]),
                "decoder": .table(["type": "ByteLevel"]),
                "model": .table([
                    "type": "BPE", "vocab": .table(vocabulary),
                    "merges": .array(merges.map { .string($0) }),
                    "ignore_merges": .boolean(rules.ignoresMerges),
                ]),
            ]).json + "\n"
    }
}

/// The names under which GGUF files say how text is cut into words, as steps of `tokenizer.json`.
private enum PreTokenizerName {
    static func rules(_ name: String) throws -> (steps: [SettingValue], ignoresMerges: Bool) {
        switch name {
        case "gpt-2": ([byteLevel(cuts: true)], false)
        case "smollm", "starcoder", "refact", "command-r":
            (
                [
                    .table(["type": "Digits", "individual_digits": true]),
                    byteLevel(cuts: true),
                ], false
            )
        case "llama-bpe", "llama3", "llama-v3": ([words(digits: "{1,3}"), byteLevel()], true)
        case "qwen2": ([words(digits: ""), byteLevel()], false)
        default:
            throw ImportError.refused(
                "the pre-tokenizer \"\(name)\" is not known; known are gpt-2, smollm, starcoder, "
                    + "refact, command-r, llama-bpe and qwen2")
        }
    }

    /// - Parameter cuts: whether into GPT-2's words first.
    private static func byteLevel(cuts: Bool = false) -> SettingValue {
        .table([
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": .boolean(cuts),
        ])
    }

    /// Llama 3's words.
    private static func words(digits: String) -> SettingValue {
        let pattern =
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        return .table([
            "type": "Split", "pattern": .table(["Regex": .string(pattern)]),
            "behavior": "Isolated", "invert": false,
        ])
    }
}

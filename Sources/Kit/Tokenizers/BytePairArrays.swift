extension BytePairVocabulary {
    /// What `tokenizer.ggml.token_type` says of a token.
    private enum TokenType {
        static let normal = 1
        static let control = 3
        static let userDefined = 4
        static let known = 1...6
    }

    /// From the arrays of a GGUF file, by llama.cpp's rules: control and user-defined tokens are
    /// found in the text as they are written.
    init(
        tokens: [String], merges: [String], types: [Int], preTokenizer: String
    ) throws(TokenizerError) {
        guard types.count == tokens.count, tokens.count <= BytePairTokenizer.maximumCount else {
            throw TokenizerError(
                .malformed, "\(tokens.count) tokens and \(types.count) token types")
        }
        for (id, (token, type)) in zip(tokens, types).enumerated() {
            guard TokenType.known.contains(type) else {
                throw TokenizerError(.malformed, "token \(id) is of the unknown type \(type)")
            }
            if type == TokenType.normal {
                guard ids.updateValue(id, forKey: token) == nil else {
                    throw TokenizerError(.malformed, "the token \(token) is here twice")
                }
            } else if [TokenType.control, TokenType.userDefined].contains(type), !token.isEmpty {
                added.append(
                    AddedToken(
                        token: SpecialToken(token, id, strips: false), isNormalized: false,
                        isSpecial: type == TokenType.control))
            }
        }
        for merge in merges { self.merges.append(try BytePairFile.mergedPair(merge)) }
        (self.preTokenizer, ignoresMerges) = try PreTokenizer.named(preTokenizer)
    }
}

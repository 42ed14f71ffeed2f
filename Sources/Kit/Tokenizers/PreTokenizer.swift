/// Cuts a text into the words within which bytes are merged: one or more cuts, each of the pieces
/// that the one before it left.
struct PreTokenizer: Sendable {
    enum Cut: Sendable {
        /// Matches of a pattern are pieces, and so is what lies between them, unless it is to be
        /// dropped.
        case at(SplitPattern, keepsMatches: Bool = true, keepsRest: Bool = true)
        /// A piece that does not begin with a blank gets one.
        case leadingBlank
    }

    private let cuts: [Cut]

    init(_ cuts: [Cut]) { self.cuts = cuts }

    /// GPT-2's words (Radford et al., 2019).
    static let gpt2 =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    /// Llama 3's, and with single digits those of Qwen 2.
    private static func llama3(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// The rules that a GGUF file names in `tokenizer.ggml.pre`.
    /// - Returns: also whether a word that is a token stays whole whatever its merges.
    static func named(
        _ name: String
    ) throws(TokenizerError) -> (rules: PreTokenizer, ignoresMerges: Bool) {
        switch name {
        case "gpt-2": return (PreTokenizer([.at(try SplitPattern(gpt2))]), false)
        case "smollm", "starcoder", "refact", "command-r":
            return (
                PreTokenizer([.at(try SplitPattern(#"\p{N}"#)), .at(try SplitPattern(gpt2))]), false
            )
        case "llama-bpe", "llama3", "llama-v3":
            return (PreTokenizer([.at(try SplitPattern(llama3(digits: "{1,3}")))]), true)
        case "qwen2": return (PreTokenizer([.at(try SplitPattern(llama3(digits: "")))]), false)
        default:
            throw TokenizerError(
                .unsupported,
                "the pre-tokenizer \"\(name)\"; known: gpt-2, smollm, starcoder, refact, "
                    + "command-r, llama-bpe, qwen2")
        }
    }

    /// - Returns: pieces of the text, none empty.
    func words(of text: String) -> [ArraySlice<Unicode.Scalar>] {
        var pieces = [ArraySlice(text.unicodeScalars)].filter { !$0.isEmpty }
        for cut in cuts {
            switch cut {
            case .leadingBlank: pieces = pieces.map { $0.first == " " ? $0 : [" "] + $0 }
            case .at(let pattern, let keepsMatches, let keepsRest):
                pieces = pieces.flatMap { piece in
                    split(piece, at: pattern, keepsMatches: keepsMatches, keepsRest: keepsRest)
                }
            }
        }
        return pieces
    }

    private func split(
        _ piece: ArraySlice<Unicode.Scalar>, at pattern: SplitPattern, keepsMatches: Bool,
        keepsRest: Bool
    ) -> [ArraySlice<Unicode.Scalar>] {
        var result: [ArraySlice<Unicode.Scalar>] = []
        var start = piece.startIndex
        while let match = pattern.firstMatch(in: piece, from: start) {
            if keepsRest && start < match.lowerBound {
                result.append(piece[start..<match.lowerBound])
            }
            if keepsMatches { result.append(piece[match]) }
            start = match.upperBound
        }
        if keepsRest && start < piece.endIndex { result.append(piece[start...]) }
        return result
    }
}

import Tokenizers

/// When the language model's turn is over.
///
/// Clean: at the end token, or when the text holds `###` in whatever tokens.
/// Faithful to the published code: when the last tokens are one of two encodings of `###`, or at
/// the *beginning* token, which the published configuration mistakes for the end token; the end
/// token does not count.
struct StopRule {
    private let faithful: Bool
    private let end: Int
    private let tails: [[Int]]

    init(_ tokenizer: any VokenTokenizer, faithful: Bool) {
        self.faithful = faithful
        end = faithful ? tokenizer.beginning : tokenizer.end
        tails = faithful ? Self.encodings(of: Mark.turnEnd, tokenizer) : []
    }

    /// - Parameters:
    ///   - tokens: all tokens of the turn, vokens as `[IMG0]` alone.
    ///   - text: the clean text that `tokens` end with.
    func isOver(_ tokens: [Int], _ text: TextStream) -> Bool {
        if tokens.last == end { return true }
        return faithful
            ? tails.contains { tokens.suffix($0.count).elementsEqual($0) } : text.hasTurnEnd
    }

    /// The encodings of a text as a word of its own and glued to a word.
    private static func encodings(of text: String, _ tokenizer: any VokenTokenizer) -> [[Int]] {
        let alone = tokenizer.encode(text)
        let word = tokenizer.encode("a")
        let glued = tokenizer.encode("a" + text)
        guard glued.starts(with: word), glued.count > word.count else { return [alone] }
        return [alone, Array(glued.dropFirst(word.count))]
    }
}

import Tokenizers

/// Turns sampled tokens into text that can be shown at once and is never taken back.
///
/// A token may be a part of a character (byte fallback), and `###` may come in several tokens, so
/// the end of what is decoded so far is held back until it is certain.
struct TextStream {
    enum Style {
        /// Text for people: without special tokens, without `###` and what follows it, and
        /// without white space at both ends.
        case clean
        /// What the published code prints: all tokens, special ones spelt out.
        case verbatim
    }

    private let style: Style
    private let tokenizer: any VokenTokenizer
    private var tokens: [Int] = []
    /// UTF-8 bytes of the text that were handed out.
    private var shown = 0

    init(_ style: Style, _ tokenizer: any VokenTokenizer) {
        self.style = style
        self.tokenizer = tokenizer
    }

    /// Whether the text holds `###`, however it was encoded.
    var hasTurnEnd: Bool { decoded.contains(Mark.turnEnd) }

    /// The text as it is if nothing comes after it.
    var text: String {
        let text = decoded
        switch style {
        case .verbatim: return text
        case .clean:
            let end = text.firstRange(of: Mark.turnEnd)?.lowerBound ?? text.endIndex
            return trimmed(text[..<end]) { $0.properties.isWhitespace || $0 == incomplete }
        }
    }

    /// - Returns: the text that has become certain.
    mutating func append(_ token: Int) -> String {
        tokens.append(token)
        switch style {
        case .verbatim:
            return show(trimmed(decoded[...]) { $0 == incomplete })
        case .clean where hasTurnEnd:
            return show(text)
        case .clean:
            return show(
                trimmed(decoded[...]) {
                    $0.properties.isWhitespace || $0 == incomplete || $0 == "#"
                })
        }
    }

    /// - Returns: what was held back, now that nothing follows.
    mutating func finish() -> String { show(text) }

    private var decoded: String {
        let text = tokenizer.decode(tokens)
        return style == .clean ? String(text.drop { $0.isWhitespace }) : text
    }

    private mutating func show(_ text: String) -> String {
        let news = text.utf8.dropFirst(shown)
        shown += news.count
        return String(decoding: news, as: UTF8.self)
    }
}

/// What decoding puts in the place of bytes that do not make a character (yet).
private let incomplete: Unicode.Scalar = "\u{FFFD}"

/// Text without its last scalars as far as they fulfil a condition.
private func trimmed(_ text: Substring, while condition: (Unicode.Scalar) -> Bool) -> String {
    let scalars = text.unicodeScalars
    let kept = scalars.suffix(from: scalars.startIndex).reversed().drop(while: condition).reversed()
    return String(String.UnicodeScalarView(kept))
}

/// A token that is found in the text before anything else.
struct SpecialToken: Sendable {
    let text: String
    let id: Int
    /// Whether text next to it loses its whitespace on that side.
    let strips: Bool
    fileprivate let utf8: [UInt8]

    init(_ text: String, _ id: Int, strips: Bool) {
        self.text = text
        self.id = id
        self.strips = strips
        utf8 = Array(text.utf8)
    }
}

/// A part of a text that was cut at special tokens.
enum TextPart {
    case text(String)
    case special(SpecialToken)

    /// Whether it takes the whitespace of its neighbours.
    var strips: Bool {
        guard case .special(let token) = self else { return false }
        return token.strips
    }
}

/// Cuts a text at all occurrences of special tokens, from left to right.
///
/// - Parameter specials: in ASCII, so that a match of bytes is one of characters; none a prefix of
///   another.
func split(_ text: String, at specials: [SpecialToken]) -> [TextPart] {
    let bytes = Array(text.utf8)
    let firstBytes = Set(specials.compactMap(\.utf8.first))
    var parts: [TextPart] = []
    var start = 0
    var position = 0
    func finishText() {
        if start < position {
            parts.append(.text(String(decoding: bytes[start..<position], as: UTF8.self)))
        }
    }
    while position < bytes.count {
        if firstBytes.contains(bytes[position]),
            let special = specials.first(where: { bytes[position...].starts(with: $0.utf8) })
        {
            finishText()
            parts.append(.special(special))
            position += special.utf8.count
            start = position
        } else {
            position += 1
        }
    }
    finishText()
    return parts
}

extension String {
    /// This text without whitespace at its ends, by Python's notion of it (`str.isspace`).
    func trimmed(leading: Bool, trailing: Bool) -> String {
        var scalars = unicodeScalars[...]
        if leading { scalars = scalars.drop(while: \.isPythonSpace) }
        while trailing, let last = scalars.last, last.isPythonSpace { scalars.removeLast() }
        return String(scalars)
    }
}

extension Unicode.Scalar {
    /// Unicode's White_Space and the four separators of ASCII.
    fileprivate var isPythonSpace: Bool {
        properties.isWhitespace || (0x1c...0x1f).contains(value)
    }
}

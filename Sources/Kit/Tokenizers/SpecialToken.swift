/// A token that is found in the text before anything else.
struct SpecialToken: Sendable {
    let text: String
    let id: Int
    /// Whether text before or after it loses its whitespace on that side.
    let stripsBefore, stripsAfter: Bool
    fileprivate let utf8: [UInt8]

    init(_ text: String, _ id: Int, stripsBefore: Bool, stripsAfter: Bool) {
        self.text = text
        self.id = id
        self.stripsBefore = stripsBefore
        self.stripsAfter = stripsAfter
        utf8 = Array(text.utf8)
    }

    init(_ text: String, _ id: Int, strips: Bool) {
        self.init(text, id, stripsBefore: strips, stripsAfter: strips)
    }
}

/// A part of a text that was cut at special tokens.
enum TextPart {
    /// Not empty.
    case text(String)
    case special(SpecialToken)
}

/// The special tokens of a vocabulary.
struct SpecialTokens: Sendable {
    let all: [SpecialToken]
    /// By their first byte, the longest first.
    private let byFirstByte: [UInt8: [SpecialToken]]
    private let isSpace: @Sendable (Unicode.Scalar) -> Bool

    /// - Parameter isSpace: what a token strips from the text beside it.
    init(
        _ tokens: [SpecialToken],
        isSpace: @escaping @Sendable (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
    ) {
        all = tokens
        self.isSpace = isSpace
        byFirstByte = Dictionary(
            grouping: tokens.filter { !$0.utf8.isEmpty }, by: { $0.utf8[0] }
        ).mapValues { $0.sorted { $0.utf8.count > $1.utf8.count } }
    }

    /// Cuts a text at all occurrences of special tokens, from left to right, the longest that fits
    /// first. (In UTF-8 a match of whole characters' bytes is one of characters.)
    func split(_ text: String) -> [TextPart] {
        guard !byFirstByte.isEmpty else { return text.isEmpty ? [] : [.text(text)] }
        let bytes = Array(text.utf8)
        var parts: [TextPart] = []
        var last: SpecialToken?
        var start = 0
        var position = 0
        func finishText(before token: SpecialToken?) {
            let chunk = trimmed(
                String(decoding: bytes[start..<position], as: UTF8.self),
                leading: last?.stripsAfter ?? false, trailing: token?.stripsBefore ?? false)
            if !chunk.isEmpty { parts.append(.text(chunk)) }
            last = token
        }
        while position < bytes.count {
            if let special = byFirstByte[bytes[position]]?.first(where: {
                bytes[position...].starts(with: $0.utf8)
            }) {
                finishText(before: special)
                parts.append(.special(special))
                position += special.utf8.count
                start = position
            } else {
                position += 1
            }
        }
        finishText(before: nil)
        return parts
    }

    private func trimmed(_ text: String, leading: Bool, trailing: Bool) -> String {
        guard leading || trailing else { return text }
        var scalars = text.unicodeScalars[...]
        if leading { scalars = scalars.drop(while: isSpace) }
        while trailing, let last = scalars.last, isSpace(last) { scalars.removeLast() }
        return String(scalars)
    }
}

extension Unicode.Scalar {
    /// Python's notion (`str.isspace`): Unicode's White_Space and the four separators of ASCII.
    var isPythonSpace: Bool {
        properties.isWhitespace || (0x1c...0x1f).contains(value)
    }
}

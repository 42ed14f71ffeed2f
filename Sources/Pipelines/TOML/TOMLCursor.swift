/// A place in a TOML text, which only moves on.
struct TOMLCursor {
    private let bytes: [UInt8]
    private(set) var place = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
        // A byte order mark is no part of the text.
        if starts(with: "\u{FEFF}") { place = 3 }
    }

    var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    func starts(with text: String) -> Bool { bytes[place...].starts(with: text.utf8) }

    func text(from start: Int) -> String { String(decoding: bytes[start..<place], as: UTF8.self) }

    mutating func advance(_ count: Int = 1) { place = min(place + count, bytes.count) }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(TOMLError) {
        guard take(character) else { throw error("expected '\(character)'") }
    }

    /// Spaces and tabs.
    mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 { place += 1 }
    }

    mutating func takeLineBreak() -> Bool {
        if starts(with: "\r\n") {
            place += 2
            return true
        }
        return take("\n")
    }

    /// Blanks, line breaks and comments.
    mutating func skipLines() throws(TOMLError) {
        repeat {
            skipBlanks()
            try skipComment()
        } while takeLineBreak()
    }

    /// What may follow a header or a value: blanks and a comment, up to the end of the line.
    mutating func endLine() throws(TOMLError) {
        skipBlanks()
        try skipComment()
        guard peek == nil || takeLineBreak() else { throw error("expected the end of the line") }
    }

    private mutating func skipComment() throws(TOMLError) {
        guard take("#") else { return }
        while let byte = peek, !isAtLineBreak {
            guard !isControl(byte) else { throw error("a control character in a comment") }
            place += 1
        }
    }

    var isAtLineBreak: Bool { peek == 0x0a || starts(with: "\r\n") }

    func error(_ message: String, at other: Int? = nil, isSyntax: Bool = true) -> TOMLError {
        let before = bytes[..<(other ?? place)]
        let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return TOMLError(
            line: before.count { $0 == 0x0a } + 1, column: before.count - start + 1,
            message: message, isSyntax: isSyntax)
    }
}

/// Whether a byte may stand in no string and no comment.
func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7f }

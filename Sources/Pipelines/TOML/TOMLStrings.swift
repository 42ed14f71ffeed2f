extension TOMLCursor {
    /// A string of any of the four kinds.
    mutating func string() throws(TOMLError) -> String {
        if starts(with: "\"\"\"") || starts(with: "'''") { return try longString() }
        return try shortString()
    }

    /// A string on one line, as keys may be too.
    mutating func shortString() throws(TOMLError) -> String {
        let (start, quote) = (place, peek)
        advance()
        var utf8: [UInt8] = []
        while let byte = peek, !isAtLineBreak {
            advance()
            if byte == quote { return String(decoding: utf8, as: UTF8.self) }
            try append(byte, quote, to: &utf8)
        }
        throw error("the string has no end", at: start)
    }

    private mutating func longString() throws(TOMLError) -> String {
        let (start, quote) = (place, peek)
        let closing = starts(with: "'") ? "'''" : "\"\"\""
        advance(3)
        _ = takeLineBreak()
        var utf8: [UInt8] = []
        while let byte = peek {
            if starts(with: closing) {
                advance(3)
                // Up to two quotes may stand before the closing three.
                for _ in 0..<2 where peek == quote {
                    utf8.append(byte)
                    advance()
                }
                return String(decoding: utf8, as: UTF8.self)
            }
            if takeLineBreak() {
                utf8.append(0x0a)
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""),
                try takeContinuation()
            {
                continue
            } else {
                advance()
                try append(byte, quote, to: &utf8)
            }
        }
        throw error("the string has no end", at: start)
    }

    /// A backslash at the end of a line: the string goes on at the next character that is no
    /// whitespace.
    private mutating func takeContinuation() throws(TOMLError) -> Bool {
        var ahead = self
        ahead.advance()
        ahead.skipBlanks()
        guard ahead.isAtLineBreak else { return false }
        repeat { ahead.skipBlanks() } while ahead.takeLineBreak()
        self = ahead
        return true
    }

    /// A byte that was taken, or what it begins to say.
    private mutating func append(
        _ byte: UInt8, _ quote: UInt8?, to utf8: inout [UInt8]
    ) throws(TOMLError) {
        if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
            utf8 += Array(String(try escape()).utf8)
        } else if isControl(byte) {
            throw error("a control character in a string must be escaped", at: place - 1)
        } else {
            utf8.append(byte)
        }
    }

    private mutating func escape() throws(TOMLError) -> Unicode.Scalar {
        let escaped = peek
        advance()
        switch escaped {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "u"): return try scalar(digits: 4)
        case UInt8(ascii: "U"): return try scalar(digits: 8)
        default: throw error("unknown escape", at: place - 1)
        }
    }

    private mutating func scalar(digits: Int) throws(TOMLError) -> Unicode.Scalar {
        let start = place
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("expected \(digits) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            advance()
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw error("no character has this number", at: start)
        }
        return scalar
    }
}

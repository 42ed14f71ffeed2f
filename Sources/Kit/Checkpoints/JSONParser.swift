/// A recursive-descent reader of RFC 8259, with limits on depth and on the number of values.
struct JSONParser: ~Copyable {
    private let bytes: [UInt8]
    private let dialect: JSON.Dialect
    private var position = 0
    private var values = 0

    init(_ bytes: [UInt8], _ dialect: JSON.Dialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    mutating func document() throws(JSONError) -> SettingValue {
        let value = try value(depth: 0)
        skipBlanks()
        guard position == bytes.count else { throw error("text after the end of the value") }
        return value
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(JSONError) -> SettingValue {
        values += 1
        guard values <= JSON.maximumValues else {
            throw error("more than \(JSON.maximumValues) values")
        }
        guard depth <= JSON.maximumDepth else {
            throw error("nested deeper than \(JSON.maximumDepth)")
        }
        skipBlanks()
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .boolean(true))
        case UInt8(ascii: "f"): return try literal("false", .boolean(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "N") where dialect == .python: return try literal("NaN", .number(.nan))
        case UInt8(ascii: "I") where dialect == .python:
            return try literal("Infinity", .number(.infinity))
        case UInt8(ascii: "-"): return try number()
        case _ where isDigit: return try number()
        case nil: throw error("the text ends where a value should be")
        default: throw error("expected a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> SettingValue {
        position += 1
        var members: [String: SettingValue] = [:]
        skipBlanks()
        if take("}") { return .table(members) }
        while true {
            skipBlanks()
            let start = position
            guard peek == UInt8(ascii: "\"") else { throw error("expected a key in quotes") }
            let key = try string()
            skipBlanks()
            guard take(":") else { throw error("expected ':' after key \(JSON.quoted(key))") }
            let member = try value(depth: depth + 1)
            guard members.updateValue(member, forKey: key) == nil else {
                throw JSONError("key \(JSON.quoted(key)) is here twice", at: start, in: bytes)
            }
            skipBlanks()
            if take("}") { return .table(members) }
            guard take(",") else { throw error("expected ',' or '}'") }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> SettingValue {
        position += 1
        var elements: [SettingValue] = []
        skipBlanks()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { throw error("expected ',' or ']'") }
        }
    }

    private mutating func literal(
        _ word: StaticString, _ value: SettingValue
    ) throws(JSONError) -> SettingValue {
        let word = Array(word.description.utf8)
        guard bytes[position...].starts(with: word) else { throw error("expected a value") }
        position += word.count
        return value
    }

    // MARK: - Numbers

    private mutating func number() throws(JSONError) -> SettingValue {
        let start = position
        let negative = take("-")
        if negative, dialect == .python, peek == UInt8(ascii: "I") {
            return try literal("Infinity", .number(-.infinity))
        }
        if !take("0") { try digits() }
        var isInteger = true
        if take(".") {
            isInteger = false
            try digits()
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int(text), !(negative && integer == 0) {
            return .integer(integer)
        }
        guard let number = Double(text), number.isFinite else {
            throw JSONError("\(text) is beyond the range of a double", at: start, in: bytes)
        }
        return .number(number)
    }

    private mutating func digits() throws(JSONError) {
        guard isDigit else { throw error("expected a digit") }
        while isDigit { position += 1 }
    }

    private var isDigit: Bool {
        guard let peek else { return false }
        return peek >= UInt8(ascii: "0") && peek <= UInt8(ascii: "9")
    }

    // MARK: - Strings

    private mutating func string() throws(JSONError) -> String {
        let start = position
        position += 1
        var utf8: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: utf8, as: UTF8.self) else {
                    throw JSONError("the string is not UTF-8", at: start, in: bytes)
                }
                return string
            case UInt8(ascii: "\\"): utf8 += Array(String(try escape()).utf8)
            case 0..<0x20:
                position -= 1
                throw error("a control character in a string must be escaped")
            default: utf8.append(byte)
            }
        }
        throw JSONError("the string has no end", at: start, in: bytes)
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let escaped = peek
        position += 1
        switch escaped {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default:
            position -= 1
            throw error("unknown escape")
        }
    }

    /// After `\u`: four digits, or a surrogate pair of two such escapes.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let unit = try fourHexDigits()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xdc00, take("\\"), take("u") else { throw error("a lone surrogate") }
        let low = try fourHexDigits()
        guard (0xdc00..<0xe000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
        else { throw error("a lone surrogate") }
        return scalar
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("expected four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    // MARK: - Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, [0x20, 0x0a, 0x0d, 0x09].contains(byte) { position += 1 }
    }

    private func error(_ message: String) -> JSONError {
        JSONError(message, at: position, in: bytes)
    }
}

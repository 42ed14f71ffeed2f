/// Where the keys of a TOML text stand.
///
/// A scan of headers and the left-hand sides of assignments, for text that has already been
/// parsed without errors. Keys inside an inline table or an array are on the line where the
/// outermost key is assigned.
struct TOMLLines {
    /// The line, from 1, of each full key and each table header.
    private var lines: [String: Int] = [:]

    init(_ text: String) {
        var table: [String] = []
        var line = 1
        var scanner = Scanner(bytes: Array(text.utf8))
        while !scanner.isAtEnd {
            scanner.skipBlanks()
            switch scanner.peek {
            case UInt8(ascii: "["):
                scanner.skip { $0 == UInt8(ascii: "[") }
                table = scanner.keys()
                record(table, at: line)
                scanner.skipLine()
            case UInt8(ascii: "#"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), nil:
                scanner.skipLine()
            default:
                record(table + scanner.keys(), at: line)
                scanner.skipValue()
            }
            line += scanner.takeLineCount()
        }
    }

    /// The line that gives a full key (`stage.unet.model`), or the nearest table above it.
    func line(of key: String) -> Int? {
        var path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        while !path.isEmpty {
            if let line = lines[path.joined(separator: ".")] { return line }
            path.removeLast()
        }
        return nil
    }

    private mutating func record(_ path: [String], at line: Int) {
        let key = path.joined(separator: ".")
        if lines[key] == nil { lines[key] = line }
    }
}

/// Walks over TOML text byte by byte, counting lines.
private struct Scanner {
    let bytes: [UInt8]
    private var place = 0
    private var lineBreaks = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }
    var peek: UInt8? { isAtEnd ? nil : bytes[place] }

    mutating func takeLineCount() -> Int {
        defer { lineBreaks = 0 }
        return lineBreaks
    }

    mutating func skip(while condition: (UInt8) -> Bool) {
        while let byte = peek, condition(byte) { advance() }
    }

    mutating func skipBlanks() { skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

    mutating func skipLine() {
        skip { $0 != UInt8(ascii: "\n") }
        if !isAtEnd { advance() }
    }

    /// A dotted key: `a.b."c d"`.
    mutating func keys() -> [String] {
        var keys: [String] = []
        while true {
            skipBlanks()
            keys.append(key())
            skipBlanks()
            guard peek == UInt8(ascii: ".") else { return keys }
            advance()
        }
    }

    /// The rest of an assignment, which is over at a line break outside strings and brackets.
    mutating func skipValue() {
        var depth = 0
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString(quote: byte)
            case UInt8(ascii: "#"): skip { $0 != UInt8(ascii: "\n") }
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                advance()
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                advance()
            default:
                advance()
                if byte == UInt8(ascii: "\n"), depth <= 0 { return }
            }
        }
    }

    private mutating func key() -> String {
        let start = place
        guard let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            skip { byte in !" \t.=]\r\n".utf8.contains(byte) }
            return String(decoding: bytes[start..<place], as: UTF8.self)
        }
        skipString(quote: quote)
        return String(decoding: bytes[start..<place].dropFirst().dropLast(), as: UTF8.self)
    }

    /// A string of any of TOML's four kinds, from its opening quote on.
    private mutating func skipString(quote: UInt8) {
        let long = bytes[place...].starts(with: [quote, quote, quote])
        let closing = [UInt8](repeating: quote, count: long ? 3 : 1)
        for _ in closing { advance() }
        while let byte = peek {
            if bytes[place...].starts(with: closing) {
                for _ in closing { advance() }
                return
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") { advance() }
            if !isAtEnd { advance() }
        }
    }

    private mutating func advance() {
        if bytes[place] == UInt8(ascii: "\n") { lineBreaks += 1 }
        place += 1
    }
}

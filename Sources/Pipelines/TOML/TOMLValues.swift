import Checkpoints

extension TOMLCursor {
    /// - Parameter depth: of tables and arrays around it.
    mutating func value(depth: Int) throws(TOMLError) -> SettingValue {
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "{"): return .table(try inlineTable(depth: depth + 1))
        default: return try word()
        }
    }

    private mutating func array(depth: Int) throws(TOMLError) -> [SettingValue] {
        try checkDepth(depth)
        advance()
        var elements: [SettingValue] = []
        while true {
            try skipLines()
            if take("]") { return elements }
            elements.append(try value(depth: depth))
            try skipLines()
            if take("]") { return elements }
            guard take(",") else { throw error("expected ',' or ']'") }
        }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLError) -> [String: SettingValue] {
        try checkDepth(depth)
        advance()
        skipBlanks()
        let table = TOMLTable(.header)
        if take("}") { return [:] }
        while true {
            skipBlanks()
            try assignment(to: table, depth: depth)
            skipBlanks()
            if take("}") { return table.settings }
            guard take(",") else { throw error("expected ',' or '}'") }
        }
    }

    /// `key = value`, where the key may be dotted.
    mutating func assignment(to table: TOMLTable, depth: Int) throws(TOMLError) {
        let start = place
        let path = try keys()
        try checkDepth(depth + path.count - 1)
        try expect("=")
        skipBlanks()
        let value = try value(depth: depth + path.count - 1)
        do throws(TOMLTable.Conflict) { try table.set(path, value) } catch {
            throw self.error(error.message, at: start)
        }
    }

    /// A dotted key, and the blanks around it.
    mutating func keys() throws(TOMLError) -> [String] {
        let start = place
        var keys: [String] = []
        repeat {
            skipBlanks()
            keys.append(try key())
            skipBlanks()
        } while take(".")
        guard place - start <= TOML.maximumKeyBytes else {
            throw error("a key of over \(TOML.maximumKeyBytes) bytes", at: start)
        }
        return keys
    }

    private mutating func key() throws(TOMLError) -> String {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try shortString() }
        let start = place
        while let byte = peek, isKeyByte(byte) { advance() }
        guard place > start else { throw error("expected a key") }
        return text(from: start)
    }

    func checkDepth(_ depth: Int) throws(TOMLError) {
        guard depth <= TOML.maximumDepth else {
            throw error("nested deeper than \(TOML.maximumDepth)")
        }
    }

    /// A value without quotes or brackets.
    private mutating func word() throws(TOMLError) -> SettingValue {
        let start = place
        while let byte = peek, isKeyByte(byte) || "+.:".utf8.contains(byte) { advance() }
        let word = text(from: start)
        switch word {
        case "": throw error("expected a value")
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        do throws(TOMLNumber.Refusal) { return try TOMLNumber.value(word) } catch {
            throw self.error(error.message, at: start, isSyntax: error.isSyntax)
        }
    }
}

/// Of a key without quotes: letters, digits, `_` and `-` of ASCII.
private func isKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
    default: false
    }
}

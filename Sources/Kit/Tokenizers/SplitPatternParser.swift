/// A part of a regular expression.
indirect enum PatternNode {
    case one(PatternCharacters)
    case sequence([PatternNode])
    case choice([PatternNode])
    case repeated(PatternNode, least: Int, most: Int?)
    /// Whether a character of the set comes next, or does not; the end of the text is none.
    case ahead(PatternCharacters, isWanted: Bool)

    /// Characters of the shortest match.
    var least: Int {
        switch self {
        case .one: 1
        case .sequence(let nodes): nodes.reduce(0) { $0 + $1.least }
        case .choice(let nodes): nodes.map(\.least).min() ?? 0
        case .repeated(let node, let least, _): node.least * least
        case .ahead: 0
        }
    }
}

/// Reads the regular expressions that vocabularies cut text into words by, in Oniguruma's syntax:
/// choices, groups, sets, categories, greedy repetition, a look at the next character. Anything
/// else is refused by name.
struct SplitPatternParser {
    static let maximumLength = 8 << 10
    private static let maximumDepth = 16
    private static let maximumCount = 100

    private let pattern: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var foldsCase = false

    init(_ pattern: String) { self.pattern = Array(pattern.unicodeScalars) }

    mutating func parse() throws(TokenizerError) -> PatternNode {
        guard pattern.count <= Self.maximumLength else {
            throw error("is longer than \(Self.maximumLength) characters")
        }
        let node = try choice()
        guard peek == nil else { throw error("has a ) without a (") }
        return node
    }

    private mutating func choice() throws(TokenizerError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw error("is nested too deeply") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(TokenizerError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let next = peek, next != "|", next != ")" {
            nodes.append(try repeated(try atom()))
        }
        return .sequence(nodes)
    }

    private mutating func repeated(_ node: PatternNode) throws(TokenizerError) -> PatternNode {
        let bounds: (least: Int, most: Int?)
        if take("?") {
            bounds = (0, 1)
        } else if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("{") {
            let least = try count()
            let most = take(",") ? (peek == "}" ? nil : try count()) : least
            guard take("}"), least <= most ?? least else { throw error("has a bad {repetition}") }
            bounds = (least, most)
        } else {
            return node
        }
        if let next = peek, ["?", "+", "*", "{"].contains(next) {
            throw error("has a lazy, possessive or doubled repetition (\(next))")
        }
        if case .ahead = node { throw error("repeats a look ahead") }
        return .repeated(node, least: bounds.least, most: bounds.most)
    }

    private mutating func count() throws(TokenizerError) -> Int {
        var value = 0
        let start = position
        while let digit = peek?.properties.numericType == .decimal ? peek : nil,
            let number = Int(String(digit)), value <= Self.maximumCount
        {
            value = 10 * value + number
            position += 1
        }
        guard position > start, value <= Self.maximumCount else {
            throw error("has a bad {repetition}")
        }
        return value
    }

    private mutating func atom() throws(TokenizerError) -> PatternNode {
        let character = try next()
        switch character {
        case "(": return try group()
        case "[": return .one(try set())
        case ".": return .one(PatternCharacters([.range(0xa...0xa)], isInverted: true))
        case "\\": return .one(PatternCharacters([try escape()], foldsCase: foldsCase))
        case "^", "$": throw error("has an anchor (\(character))")
        case "?", "*", "+", "{": throw error("repeats nothing (\(character))")
        default: return .one(PatternCharacters([.only(character)], foldsCase: foldsCase))
        }
    }

    /// After `(`.
    private mutating func group() throws(TokenizerError) -> PatternNode {
        let outer = foldsCase
        defer { foldsCase = outer }
        if take("?") {
            let kind = try next()
            switch kind {
            case ":": break
            case "i" where take(":"): foldsCase = true
            case "=", "!":
                guard case .sequence(let nodes) = try choice(), nodes.count == 1,
                    case .one(let characters) = nodes[0], take(")")
                else { throw error("looks ahead at more than one character") }
                return .ahead(characters, isWanted: kind == "=")
            default: throw error("has a group of another kind (?\(kind)")
            }
        }
        let node = try choice()
        guard take(")") else { throw error("has a ( without a )") }
        return node
    }

    /// After `[`.
    private mutating func set() throws(TokenizerError) -> PatternCharacters {
        let isInverted = take("^")
        var items: [PatternCharacters.Item] = []
        while !take("]") {
            let first = try next()
            if first == "[" || first == "&" && peek == "&" {
                throw error("has a set within a set")
            }
            let item = first == "\\" ? try escape() : .only(first)
            guard case .range(let low) = item, low.count == 1, peek == "-",
                position + 1 < pattern.count, pattern[position + 1] != "]"
            else {
                items.append(item)
                continue
            }
            position += 1
            let second = try next()
            guard case .range(let high) = second == "\\" ? try escape() : .only(second),
                high.count == 1, low.lowerBound <= high.lowerBound
            else { throw error("has a bad range in a set") }
            items.append(.range(low.lowerBound...high.lowerBound))
        }
        guard !items.isEmpty else { throw error("has an empty set") }
        return PatternCharacters(items, isInverted: isInverted, foldsCase: foldsCase)
    }

    /// After a backslash.
    private mutating func escape() throws(TokenizerError) -> PatternCharacters.Item {
        let character = try next()
        switch character {
        case "r": return .only("\r")
        case "n": return .only("\n")
        case "t": return .only("\t")
        case "s": return .space
        case "S": return .not(.space)
        case "d": return .categories([.decimalNumber])
        case "D": return .not(.categories([.decimalNumber]))
        case "p", "P":
            let start = position
            guard take("{") else { throw error("has a \\\(character) without a name") }
            while let next = peek, next != "}" { _ = try self.next() }
            let name = String(String.UnicodeScalarView(pattern[(start + 1)..<position]))
            guard take("}"), let item = PatternCharacters.Item.category(name) else {
                throw error("asks for the unknown property \\\(character){\(name)}")
            }
            return character == "p" ? item : .not(item)
        case _ where character.isASCII && character.properties.isAlphabetic,
            _ where character.properties.numericType != nil:
            throw error("has the unknown escape \\\(character)")
        default: return .only(character)
        }
    }

    private var peek: Unicode.Scalar? {
        position < pattern.count ? pattern[position] : nil
    }

    private mutating func next() throws(TokenizerError) -> Unicode.Scalar {
        guard let character = peek else { throw error("ends too early") }
        position += 1
        return character
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == character else { return false }
        position += 1
        return true
    }

    private func error(_ message: String) -> TokenizerError {
        let text = String(String.UnicodeScalarView(pattern.prefix(200)))
        return TokenizerError(
            .unsupported, "the pattern \"\(text)\" \(message), at character \(position)")
    }
}

extension PatternCharacters.Item {
    fileprivate static func only(_ scalar: Unicode.Scalar) -> Self {
        .range(scalar.value...scalar.value)
    }
}

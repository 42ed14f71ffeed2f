/// Which characters one place of a ``SplitPattern`` takes.
struct PatternCharacters: Sendable {
    enum Item: Sendable {
        case range(ClosedRange<UInt32>)
        case categories(Set<Unicode.GeneralCategory>)
        /// Unicode's White_Space.
        case space
        indirect case not(Item)
    }

    private let items: [Item]
    private let isInverted: Bool
    /// Whether upper and lower case are one.
    private let foldsCase: Bool
    /// The answers for ASCII, a bit each.
    private var ascii: (UInt64, UInt64) = (0, 0)

    init(_ items: [Item], isInverted: Bool = false, foldsCase: Bool = false) {
        self.items = items
        self.isInverted = isInverted
        self.foldsCase = foldsCase
        for value in 0..<UInt8(64) {
            if decide(Unicode.Scalar(value)) { ascii.0 |= 1 << value }
            if decide(Unicode.Scalar(value + 64)) { ascii.1 |= 1 << value }
        }
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<64: ascii.0 >> scalar.value & 1 == 1
        case 64..<128: ascii.1 >> (scalar.value - 64) & 1 == 1
        default: decide(scalar)
        }
    }

    private func decide(_ scalar: Unicode.Scalar) -> Bool {
        let isIn = items.contains { $0.contains(scalar) }
        guard foldsCase, !isIn else { return isIn != isInverted }
        return scalar.caseVariants.contains { variant in items.contains { $0.contains(variant) } }
            != isInverted
    }
}

extension PatternCharacters.Item {
    fileprivate func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .range(let range): range.contains(scalar.value)
        case .categories(let categories): categories.contains(scalar.properties.generalCategory)
        case .space: scalar.properties.isWhitespace
        case .not(let item): !item.contains(scalar)
        }
    }

    /// The categories of a name as Unicode abbreviates them: `Lu`, or `L` for all letters.
    static func category(_ name: String) -> Self? {
        let categories = names.filter {
            $0.key == name || name.count == 1 && $0.key.hasPrefix(name)
        }
        return categories.isEmpty ? nil : .categories(Set(categories.values))
    }

    private static let names: [String: Unicode.GeneralCategory] = [
        "Lu": .uppercaseLetter, "Ll": .lowercaseLetter, "Lt": .titlecaseLetter,
        "Lm": .modifierLetter, "Lo": .otherLetter, "Mn": .nonspacingMark, "Mc": .spacingMark,
        "Me": .enclosingMark, "Nd": .decimalNumber, "Nl": .letterNumber, "No": .otherNumber,
        "Pc": .connectorPunctuation, "Pd": .dashPunctuation, "Ps": .openPunctuation,
        "Pe": .closePunctuation, "Pi": .initialPunctuation, "Pf": .finalPunctuation,
        "Po": .otherPunctuation, "Sm": .mathSymbol, "Sc": .currencySymbol, "Sk": .modifierSymbol,
        "So": .otherSymbol, "Zs": .spaceSeparator, "Zl": .lineSeparator,
        "Zp": .paragraphSeparator, "Cc": .control, "Cf": .format, "Cs": .surrogate,
        "Co": .privateUse, "Cn": .unassigned,
    ]
}

extension Unicode.Scalar {
    /// The single characters that this one is in the other case, by way of both cases: `ſ` is `s`.
    fileprivate var caseVariants: [Unicode.Scalar] {
        func single(_ text: String) -> Unicode.Scalar? {
            text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
        }
        let upper = single(properties.uppercaseMapping)
        let lower = single(properties.lowercaseMapping)
        return [upper, lower, upper.flatMap { single($0.properties.lowercaseMapping) }]
            .compactMap { $0 }
    }
}

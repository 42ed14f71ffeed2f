@_spi(_Unicode) import Swift

/// The words of CLIP's pattern, whitespace dropped:
/// `'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+`.
struct ClipWords: Sequence, IteratorProtocol {
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
        .map { Array($0.unicodeScalars) }
    private var rest: ArraySlice<Unicode.Scalar>

    init(_ text: String) { rest = Array(text.unicodeScalars)[...] }

    mutating func next() -> String? {
        rest = rest.drop { $0.clipClass == .space }
        guard let first = rest.first else { return nil }
        let length: Int
        if let contraction = Self.contractions.first(where: rest.starts(with:)) {
            length = contraction.count
        } else if first.clipClass == .digit {
            length = 1
        } else {
            length = rest.prefix { $0.clipClass == first.clipClass }.count
        }
        defer { rest = rest.dropFirst(length) }
        var word = String.UnicodeScalarView()
        word.append(contentsOf: rest.prefix(length))
        return String(word)
    }
}

private enum ClipClass { case letter, digit, space, other }

extension Unicode.Scalar {
    fileprivate var clipClass: ClipClass {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            .letter
        case .decimalNumber, .letterNumber, .otherNumber: .digit
        default: properties.isWhitespace ? .space : .other
        }
    }
}

/// Canonical composition (Unicode NFC), by the standard library's own tables: Foundation, which
/// exposes it publicly, is not linked into Kit.
func composed(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text._nfc)
    return String(scalars)
}

extension String {
    /// Lower case of each scalar by itself, without the rule for a final sigma, as the reference.
    func lowercasedByScalar() -> String {
        unicodeScalars.map(\.properties.lowercaseMapping).joined()
    }
}

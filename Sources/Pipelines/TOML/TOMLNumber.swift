import Checkpoints

/// Integers and floats, by TOML's grammar, which is narrower than Swift's.
enum TOMLNumber {
    struct Refusal: Error {
        let message: String
        var isSyntax = true
    }

    static func value(_ word: String) throws(Refusal) -> SettingValue {
        let isNegative = word.hasPrefix("-")
        let unsigned = isNegative || word.hasPrefix("+") ? word.dropFirst() : word[...]
        switch unsigned {
        case "inf": return .number(isNegative ? -.infinity : .infinity)
        case "nan": return .number(.nan)
        default: break
        }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
            return try integer(word.dropFirst(2), radix: radix, isNegative: false, word)
        }
        if isDate(word) {
            throw Refusal(message: "a date or time is no value of a pipeline file", isSyntax: false)
        }
        let whole = unsigned.prefix { $0 != "." && $0 != "e" && $0 != "E" }
        guard areDigits(whole), whole == "0" || !whole.hasPrefix("0") else {
            throw Refusal(message: "\(word) is no value; a string needs quotes")
        }
        let rest = unsigned.dropFirst(whole.count)
        if rest.isEmpty { return try integer(whole, radix: 10, isNegative: isNegative, word) }
        return try float(word, rest)
    }

    private static func integer(
        _ digits: Substring, radix: Int, isNegative: Bool, _ word: String
    ) throws(Refusal) -> SettingValue {
        guard areDigits(digits, radix) else { throw Refusal(message: "\(word) is no number") }
        let sign = isNegative ? "-" : ""
        guard let value = Int(sign + digits.filter { $0 != "_" }, radix: radix) else {
            throw Refusal(message: "\(word) does not fit 64 bits")
        }
        return .integer(value)
    }

    /// - Parameter rest: what follows the whole part: `.5`, `e-3`, `.5e3`.
    private static func float(
        _ word: String, _ rest: Substring
    ) throws(Refusal) -> SettingValue {
        var rest = rest
        var isNumber = true
        if rest.hasPrefix(".") {
            let fraction = rest.dropFirst().prefix { $0 != "e" && $0 != "E" }
            isNumber = areDigits(fraction)
            rest = rest.dropFirst(1 + fraction.count)
        }
        if !rest.isEmpty {
            let exponent = rest.dropFirst()
            let isSigned = exponent.hasPrefix("+") || exponent.hasPrefix("-")
            isNumber = isNumber && areDigits(isSigned ? exponent.dropFirst() : exponent)
        }
        guard isNumber, let value = Double(word.filter { $0 != "_" }) else {
            throw Refusal(message: "\(word) is no number")
        }
        guard value.isFinite else {
            throw Refusal(message: "\(word) is beyond the range of a double")
        }
        return .number(value)
    }

    /// Digits, with single underscores between them.
    private static func areDigits(_ text: Substring, _ radix: Int = 10) -> Bool {
        text.split(separator: "_", omittingEmptySubsequences: false).allSatisfy { group in
            !group.isEmpty
                && group.allSatisfy { $0.hexDigitValue.map { $0 < radix } ?? false && $0.isASCII }
        }
    }

    /// Begins as `1979-05-27` or `07:32:00` do.
    private static func isDate(_ word: String) -> Bool {
        let digits = word.prefix { $0.isWholeNumber }
        let next = word.dropFirst(digits.count).first
        return digits.count == 4 && next == "-" || digits.count == 2 && next == ":"
    }
}

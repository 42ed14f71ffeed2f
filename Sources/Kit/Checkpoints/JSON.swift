/// JSON (RFC 8259) as a tree of setting values.
///
/// A parser of our own, because checkpoints are hostile input: Foundation's takes the last of two
/// equal keys (so that two readers may see two different tensors under one name), reads integers
/// over 2^53 through doubles on some paths, and sets no limit on the number of values. It would
/// also be Kit's only use of Foundation.
public enum JSON {
    /// Containers within containers; a deeper text is refused before it exhausts the stack.
    public static let maximumDepth = 64
    /// Values in all: enough for the header of 65,536 tensors of rank 8.
    public static let maximumValues = 2_000_000

    /// What a text may say of numbers.
    public enum Dialect: Sendable {
        /// What RFC 8259 says.
        case standard
        /// Also `NaN`, `Infinity` and `-Infinity`, as Python's `json` writes numbers that are not
        /// finite: configurations of models hold them.
        case python
    }

    /// Reads one value and nothing after it.
    ///
    /// Refused: duplicate keys, `NaN` and `Infinity` unless the dialect has them, numbers beyond a
    /// double's range, text that is not UTF-8, lone surrogates. An integer that fits 64 bits is
    /// kept exactly.
    public static func parse(
        _ bytes: [UInt8], as dialect: Dialect = .standard
    ) throws(JSONError) -> SettingValue {
        var parser = JSONParser(bytes, dialect)
        return try parser.document()
    }

    /// A string as JSON text, quotes included.
    public static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

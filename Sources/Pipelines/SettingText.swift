public import Checkpoints

extension SettingValue {
    /// The value as TOML writes it, tables inline, on one line.
    public var toml: String {
        switch self {
        // JSON's strings are TOML's too, but for one control character that JSON lets stand.
        case .string: json.replacing("\u{7F}", with: "\\u007F")
        case .integer(let integer): String(integer)
        case .number(let number): number.isNaN ? "nan" : "\(number)"
        case .boolean(let boolean): String(boolean)
        case .array(let elements): "[" + elements.map(\.toml).joined(separator: ", ") + "]"
        case .table(let values):
            values.isEmpty ? "{}" : "{ " + tomlLines(values).joined(separator: ", ") + " }"
        case .null: "\"\""
        }
    }
}

/// `key = value` for each key, sorted.
public func tomlLines(_ values: [String: SettingValue]) -> [String] {
    values.filter { $0.value != .null }.sorted { $0.key < $1.key }
        .map { "\(tomlKey($0.key)) = \($0.value.toml)" }
}

/// A key of TOML, in quotes if it needs them.
func tomlKey(_ key: String) -> String {
    let isBare =
        !key.isEmpty
        && key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    return isBare ? key : SettingValue.string(key).json
}

/// Reads options as they come in a request: a JSON object, or nothing.
///
/// JSON rather than TOML: programs that ask for a swap can write it.
/// - Throws: a ``SettingError`` that says what is wrong.
public func parseOptions(_ text: String) throws(SettingError) -> [String: SettingValue] {
    func refusal(_ message: String) -> SettingError {
        SettingError(key: "options", message: message)
    }
    guard !text.isEmpty else { return [:] }
    guard text.utf8.count <= 64 << 10 else {
        throw refusal("\(text.utf8.count) bytes; the limit is \(64 << 10)")
    }
    let value: SettingValue
    do {
        value = try JSON.parse(Array(text.utf8))
    } catch {
        throw refusal(error.description)
    }
    guard case .table(let options) = value else {
        throw refusal("expected a JSON object, found \(value.kind)")
    }
    return options
}

/// Options for a request, as ``parseOptions(_:)`` reads them.
public func optionsText(_ options: [String: SettingValue]) -> String {
    options.isEmpty ? "" : SettingValue.table(options).json
}

/// A value of a configuration file (TOML or JSON), before anyone has said what it should be.
public indirect enum SettingValue: Sendable, Equatable {
    case string(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case array([SettingValue])
    case table([String: SettingValue])
    case null

    /// What it is, for messages.
    public var kind: String {
        switch self {
        case .string: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "true or false"
        case .array: "an array"
        case .table: "a table"
        case .null: "null"
        }
    }
}

extension SettingValue {
    /// The value as JSON text without blanks, the keys of tables in order, so that the same
    /// value gives the same bytes; ``JSON/parse(_:)`` reads an equal value back.
    ///
    /// Two things that JSON cannot say: TOML's `inf`, `-inf` and `nan` become strings of those
    /// words, and values nested deeper than ``JSON/maximumDepth`` are written but not read.
    public var json: String {
        switch self {
        case .array(let elements): return "[\(elements.map(\.json).joined(separator: ","))]"
        case .table(let members):
            let pairs = members.sorted { $0.key < $1.key }
                .map { "\(JSON.quoted($0.key)):\($0.value.json)" }
            return "{\(pairs.joined(separator: ","))}"
        case .number(let number) where !number.isFinite: return JSON.quoted(literal)
        case .string, .integer, .number, .boolean, .null: return literal
        }
    }

    /// The value in short, for messages: as JSON writes it, but for the contents of tables.
    public var literal: String {
        switch self {
        case .string(let string): JSON.quoted(string)
        case .integer(let integer): String(integer)
        // The fewest digits that give the number back, and always a point or an exponent.
        case .number(let number): number.isNaN ? "nan" : String(number)
        case .boolean(let boolean): String(boolean)
        case .array(let elements): "[\(elements.map(\.literal).joined(separator: ", "))]"
        case .table: "{…}"
        case .null: "null"
        }
    }
}

extension SettingValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

import Synchronization

/// A setting that is missing, of the wrong kind, out of range or unknown.
public struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The full key: `stage.scheduler.order`.
    public let key: String
    public let message: String

    public init(key: String, message: String) {
        self.key = key
        self.message = message
    }

    public var description: String { "\(key): \(message)" }
}

/// A table of settings read by key and kind; what was asked for is remembered, so that
/// ``requireAllRead(except:)`` can name a key that nobody knows.
public final class Settings: Sendable {
    /// The full key of this table; empty at the root of a file.
    public let path: String
    /// All of them; looking does not count as reading.
    public let values: [String: SettingValue]
    private let read = Mutex<Set<String>>([])
    private let tables = Mutex<[Settings]>([])
    private let fallbacks = Mutex<[String: SettingValue]>([:])

    public init(_ values: [String: SettingValue], path: String = "") {
        self.values = values
        self.path = path
    }

    public var keys: [String] { values.keys.sorted() }

    /// The keys that hold a value and were asked for.
    public var readKeys: Set<String> {
        read.withLock { read in read.filter { (values[$0] ?? .null) != .null } }
    }

    /// What stands for a key that is not here, of the keys that were asked for by kind; `null` for
    /// one that may be left out and then stands for nothing.
    public var defaults: [String: SettingValue] { fallbacks.withLock { $0 } }

    /// Remembers a key's default, for ``defaults``.
    public func note(_ key: String, default fallback: SettingValue?) {
        fallbacks.withLock { $0[key] = fallback ?? $0[key] ?? .null }
    }

    /// The untyped value; marks the key as read. JSON's `null` counts as absent.
    public func value(_ key: String) -> SettingValue? {
        read.withLock { _ = $0.insert(key) }
        guard let value = values[key], value != .null else { return nil }
        return value
    }

    public func error(_ key: String, _ message: String) -> SettingError {
        SettingError(key: path.isEmpty ? key : path + "." + key, message: message)
    }

    public func string(
        _ key: String, default fallback: String? = nil
    ) throws(SettingError) -> String {
        note(key, default: fallback.map { .string($0) })
        switch value(key) {
        case .string(let string): return string
        case nil: return try require(fallback, key, "a string")
        case let other?: throw error(key, "expected a string, found \(other.kind)")
        }
    }

    /// One of the cases of an enumeration, by raw value.
    public func choice<Choice>(
        _ key: String, default fallback: Choice? = nil
    ) throws(SettingError) -> Choice
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        let text = try string(key, default: fallback?.rawValue)
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(key, "\"\(text)\" is not one of \(known)")
        }
        return choice
    }

    public func integer(
        _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws(SettingError) -> Int {
        note(key, default: fallback.map { .integer($0) })
        let integer: Int
        switch value(key) {
        case .integer(let found): integer = found
        case .number(let found) where found == found.rounded() && abs(found) < 1e15:
            integer = Int(found)
        case nil: integer = try require(fallback, key, "an integer")
        case let other?: throw error(key, "expected an integer, found \(other.kind)")
        }
        guard range.contains(integer) else {
            throw error(key, "\(integer) is outside \(range.lowerBound)...\(range.upperBound)")
        }
        return integer
    }

    public func number(
        _ key: String, default fallback: Double? = nil,
        in range: ClosedRange<Double> = -Double
            .greatestFiniteMagnitude...Double
            .greatestFiniteMagnitude
    ) throws(SettingError) -> Double {
        note(key, default: fallback.map { .number($0) })
        let number: Double
        switch value(key) {
        case .integer(let found): number = Double(found)
        case .number(let found): number = found
        case nil: number = try require(fallback, key, "a number")
        case let other?: throw error(key, "expected a number, found \(other.kind)")
        }
        guard range.contains(number) else {
            throw error(key, "\(number) is outside \(range.lowerBound)...\(range.upperBound)")
        }
        return number
    }

    public func boolean(_ key: String, default fallback: Bool? = nil) throws(SettingError) -> Bool {
        note(key, default: fallback.map { .boolean($0) })
        switch value(key) {
        case .boolean(let boolean): return boolean
        case nil: return try require(fallback, key, "true or false")
        case let other?: throw error(key, "expected true or false, found \(other.kind)")
        }
    }

    public func integers(
        _ key: String, default fallback: [Int]? = nil
    ) throws(SettingError) -> [Int] {
        switch value(key) {
        case .array(let elements):
            var integers: [Int] = []
            for element in elements {
                guard case .integer(let integer) = element else {
                    throw error(key, "expected integers, found \(element.kind)")
                }
                integers.append(integer)
            }
            return integers
        case nil: return try require(fallback, key, "an array of integers")
        case let other?: throw error(key, "expected an array, found \(other.kind)")
        }
    }

    public func strings(
        _ key: String, default fallback: [String]? = nil
    ) throws(SettingError) -> [String] {
        switch value(key) {
        case .array(let elements):
            var strings: [String] = []
            for element in elements {
                guard case .string(let string) = element else {
                    throw error(key, "expected strings, found \(element.kind)")
                }
                strings.append(string)
            }
            return strings
        case nil: return try require(fallback, key, "an array of strings")
        case let other?: throw error(key, "expected an array, found \(other.kind)")
        }
    }

    /// A table below this one; empty if the key is absent.
    public func table(_ key: String) throws(SettingError) -> Settings {
        let below = path.isEmpty ? key : path + "." + key
        let settings: Settings
        switch value(key) {
        case .table(let values): settings = Settings(values, path: below)
        case nil: settings = Settings([:], path: below)
        case let other?: throw error(key, "expected a table, found \(other.kind)")
        }
        tables.withLock { $0.append(settings) }
        return settings
    }

    /// - Parameter tolerated: keys of this table, not of those below it, that may be left unread.
    /// - Throws: for a key, here or in a table that was read, that nobody asked for; the message
    ///   suggests the nearest key that was asked for.
    public func requireAllRead(except tolerated: Set<String> = []) throws(SettingError) {
        let known = read.withLock { $0 }
        let unknown = keys.first { !known.contains($0) && !tolerated.contains($0) }
        if let unknown {
            let nearest = nearest(to: unknown, in: known.sorted())
            let suggestion =
                nearest.map { "; did you mean \"\($0)\"?" }
                ?? "; known here: \(known.sorted().joined(separator: ", "))"
            throw error(unknown, "unknown key\(suggestion)")
        }
        for table in tables.withLock({ $0 }) { try table.requireAllRead() }
    }

    private func require<Value>(
        _ fallback: Value?, _ key: String, _ kind: String
    ) throws(SettingError) -> Value {
        guard let fallback else { throw error(key, "missing; expected \(kind)") }
        return fallback
    }
}

/// The word nearest to a misspelt one by edit distance (Levenshtein, 1966), if any is near enough.
public func nearest(to word: String, in words: [String]) -> String? {
    func distance(_ a: [Character], _ b: [Character]) -> Int {
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let substitution = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
    let letters = Array(word)
    let ranked = words.map { ($0, distance(letters, Array($0))) }.min { $0.1 < $1.1 }
    guard let (candidate, edits) = ranked, edits <= max(2, word.count / 3) else { return nil }
    return candidate
}

import ArgumentParser
import Checkpoints
import Glibc

// What arguments mean, where it is more than text or a number.

/// `key=value` words. A value is read as JSON (`3`, `0.5`, `true`, `[1, 2]`); one that is none is a
/// string.
func options(_ words: [String]) throws -> [String: SettingValue] {
    var options: [String: SettingValue] = [:]
    for word in words {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ValidationError("\"\(word)\" is not key=value")
        }
        let (key, text) = (String(parts[0]), String(parts[1]))
        let value = (try? JSON.parse(Array(text.utf8))) ?? .string(text)
        guard options.updateValue(value, forKey: key) == nil else {
            throw ValidationError("\"\(key)\" is given twice")
        }
    }
    return options
}

/// `500ms`, `60s`, `5m`, `1h`; a bare number is of seconds.
func parseDuration(_ text: String) throws -> Duration {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let factors = ["": 1000, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
    guard let number = Int(digits), let factor = factors[String(text.dropFirst(digits.count))],
        number <= 86_400_000 / factor
    else {
        throw ValidationError("\"\(text)\" is not a time of at most a day: 500ms, 60s, 5m, 1h")
    }
    return .milliseconds(number * factor)
}

/// - Parameter limit: in bytes; a longer file is refused.
func readFile(_ path: String, limit: Int) throws -> [UInt8] {
    do {
        return try BoundedFile.read(path, limit: limit)
    } catch {
        throw Failure.failed(error.description)
    }
}

import ArgumentParser
import Glibc
import Stories
import VokenClient
import Wire

/// `voken logs`: what the daemon has written down.
struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the last records of the daemon's log, and those to come.")

    @Flag(name: .shortAndLong, help: "Go on with the records to come, until Ctrl-C.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long], help: "How many records of the past, at most.")
    var tail = 20

    @Option(help: "From this level on: \(levels.joined(separator: ", ")).", transform: logLevel)
    var level: String?

    @Flag(help: "Print one JSON object a record.")
    var json = false

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard (0...1_000_000).contains(tail) else {
            throw ValidationError("-n is a number of records, at most 1000000")
        }
    }

    func run() throws {
        let request = LogsRequest(tail: tail, follow: follow, level: level ?? "")
        try asking {
            let records = try daemon.connect().logs(request)
            while let record = try records.next() {
                write((json ? Stories.json(LogLine(record)) : record.line) + "\n", to: 1)
            }
        }
    }
}

/// `voken log-level LEVEL`
struct LogLevel: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set what the daemon logs, until it ends.")

    @Argument(help: "\(levels.joined(separator: ", ")).", transform: logLevel)
    var level: String

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let previous = try asking { try daemon.connect().setLogLevel(level) }
        write("\(previous) → \(level)\n", to: 1)
    }
}

private let levels = ["debug", "info", "notice", "warning", "error"]

private func logLevel(_ text: String) throws -> String {
    guard levels.contains(text) else {
        throw ValidationError(
            "\"\(text)\" is not a level: use one of \(levels.joined(separator: ", "))")
    }
    return text
}

/// A record for programs.
private struct LogLine: Encodable {
    let seq: UInt64
    let unix_ms: Int
    let level, message: String
    let fields: [String: String]

    init(_ record: LogRecord) {
        seq = record.seq
        unix_ms = record.unixMilliseconds
        level = record.level
        message = record.message
        fields = Dictionary(record.fields.map { ($0.key, $0.value) }) { _, last in last }
    }
}

extension LogRecord {
    /// For people: `2026-11-25T22:57:01.123Z info message key=value`.
    fileprivate var line: String {
        let fields = fields.map { " \($0.key)=\($0.value)" }.joined()
        return "\(timeText(unixMilliseconds)) \(level) \(message)\(fields)"
    }
}

/// A time of day, UTC, in the form of ISO 8601.
private func timeText(_ unixMilliseconds: Int) -> String {
    var second = time_t(unixMilliseconds / 1000)
    var parts = unsafe tm()
    guard unsafe gmtime_r(&second, &parts) != nil else { return String(unixMilliseconds) }
    let day = unsafe [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map(padded)
    let time = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map(padded)
    let milliseconds = String(1000 + unixMilliseconds % 1000).dropFirst()
    return "\(day.joined(separator: "-"))T\(time.joined(separator: ":")).\(milliseconds)Z"
}

private func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : String(number) }

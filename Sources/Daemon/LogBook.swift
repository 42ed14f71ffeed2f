internal import Foundation
public import Logging
internal import Synchronization

/// The last records of the daemon's log, for those who ask over the socket, and the level that it
/// logs from.
public final class LogBook: Sendable {
    struct Record: Sendable {
        /// From 1.
        var seq: UInt64
        var unixMilliseconds: Int
        var level: Logger.Level
        var message: String
        var fields: [(key: String, value: String)]
    }

    private struct State {
        var level: Logger.Level
        var records: [Record] = []
        var lastSeq: UInt64 = 0
        var readers: [ObjectIdentifier: @Sendable () -> Void] = [:]
    }

    private static let limit = 4096
    /// Of a message or a value, in characters.
    private static let textLimit = 4096

    private let state: Mutex<State>

    public init(level: Logger.Level) { state = Mutex(State(level: level)) }

    public var level: Logger.Level {
        get { state.withLock(\.level) }
        set { state.withLock { $0.level = newValue } }
    }

    /// A logger whose records go to standard error and to this book.
    public func logger(label: String) -> Logger {
        Logger(label: label) { label in
            BookHandler(book: self, stream: StreamLogHandler.standardError(label: label))
        }
    }

    /// The first record from a number on.
    func first(from seq: UInt64) -> Record? {
        state.withLock { state in
            guard let first = state.records.first, seq <= state.lastSeq else { return nil }
            return state.records[seq <= first.seq ? 0 : Int(seq - first.seq)]
        }
    }

    var lastSeq: UInt64 { state.withLock(\.lastSeq) }

    /// - Parameter news: called, from any thread, after each record; it must not log.
    func addReader(_ reader: AnyObject, _ news: @escaping @Sendable () -> Void) {
        state.withLock { $0.readers[ObjectIdentifier(reader)] = news }
    }

    func removeReader(_ reader: AnyObject) {
        state.withLock { $0.readers[ObjectIdentifier(reader)] = nil }
    }

    fileprivate func append(
        _ level: Logger.Level, _ message: String, _ fields: [(key: String, value: String)]
    ) {
        let readers = state.withLock { state in
            state.lastSeq += 1
            // Dropped by halves: one by one would move all each time.
            if state.records.count == LogBook.limit {
                state.records.removeFirst(LogBook.limit / 2)
            }
            state.records.append(
                Record(
                    seq: state.lastSeq, unixMilliseconds: unixMillisecondsNow(), level: level,
                    message: String(message.prefix(LogBook.textLimit)),
                    fields: fields.map {
                        ($0.key, String($0.value.prefix(LogBook.textLimit)))
                    }))
            return Array(state.readers.values)
        }
        for news in readers { news() }
    }
}

private struct BookHandler: LogHandler {
    let book: LogBook
    var stream: StreamLogHandler
    var metadata: Logger.Metadata = [:]

    init(book: LogBook, stream: StreamLogHandler) {
        self.book = book
        self.stream = stream
        self.stream.logLevel = .trace
    }

    /// One for all loggers of the book, so that it can be changed while the daemon runs.
    var logLevel: Logger.Level {
        get { book.level }
        set { book.level = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set {
            metadata[key] = newValue
            stream[metadataKey: key] = newValue
        }
    }

    func log(event: LogEvent) {
        stream.log(event: event)
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }
            .map { ($0.key, "\($0.value)") }
        book.append(event.level, "\(event.message)", fields)
    }
}

/// Milliseconds since 1970.
func unixMillisecondsNow() -> Int { Int(Date().timeIntervalSince1970 * 1000) }

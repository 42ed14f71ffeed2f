internal import EventLoop
internal import Logging
internal import Wire

/// Records of the daemon's log.
final class LogFeed: Feed {
    private let book: LogBook
    private let follows: Bool
    private let level: Logger.Level
    private var nextSeq: UInt64
    /// What is not followed ends here.
    private let lastSeq: UInt64
    private var isOver = false
    var onNews: () -> Void = {}

    init(_ book: LogBook, tail: Int, follows: Bool, from level: Logger.Level, loop: Loop) {
        self.book = book
        self.follows = follows
        self.level = level
        lastSeq = book.lastSeq
        nextSeq = lastSeq > UInt64(tail) ? lastSeq - UInt64(tail) + 1 : 1
        guard follows else { return }
        let feed = LoopBound(Weak(self), to: loop)
        book.addReader(self) { loop.execute { feed.value.feed?.onNews() } }
    }

    var isEndless: Bool { follows }

    func next() -> FeedItem? {
        guard !isOver else { return nil }
        while let record = book.first(from: nextSeq), follows || record.seq <= lastSeq {
            nextSeq = record.seq + 1
            guard record.level >= level else { continue }
            return .message(LogRecord(record).bytes)
        }
        guard !follows else { return nil }
        isOver = true
        return .end
    }

    func close() {
        isOver = true
        book.removeReader(self)
    }

    private final class Weak {
        weak var feed: LogFeed?

        init(_ feed: LogFeed) { self.feed = feed }
    }
}

extension LogRecord {
    fileprivate init(_ record: LogBook.Record) {
        self.init(
            seq: record.seq, unixMilliseconds: record.unixMilliseconds,
            level: record.level.rawValue, message: record.message,
            fields: record.fields.map { LogField(key: $0.key, value: $0.value) })
    }
}

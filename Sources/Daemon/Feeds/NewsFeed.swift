/// The latest of a value that changes: at once, then each change; a reader that is slow misses
/// those in between.
final class NewsFeed<Value>: Feed {
    private let message: (Value) -> [UInt8]
    private var news: Value?
    private let whenClosed: () -> Void
    var onNews: () -> Void = {}

    init(
        _ value: Value, whenClosed: @escaping () -> Void = {},
        message: @escaping (Value) -> [UInt8]
    ) {
        news = value
        self.whenClosed = whenClosed
        self.message = message
    }

    func tell(_ value: Value) {
        news = value
        onNews()
    }

    var isEndless: Bool { true }

    func next() -> FeedItem? {
        defer { news = nil }
        return news.map { .message(message($0)) }
    }

    func close() { whenClosed() }
}

/// Readers of one value, which is told to all.
final class News<Value> {
    private(set) var value: Value
    private var feeds: [ObjectIdentifier: NewsFeed<Value>] = [:]

    init(_ value: Value) { self.value = value }

    func tell(_ value: Value) {
        self.value = value
        for feed in Array(feeds.values) { feed.tell(value) }
    }

    func feed(_ message: @escaping (Value) -> [UInt8]) -> NewsFeed<Value> {
        var id: ObjectIdentifier?
        let feed = NewsFeed(
            value, whenClosed: { [weak self] in id.map { self?.feeds[$0] = nil } },
            message: message)
        id = ObjectIdentifier(feed)
        feeds[ObjectIdentifier(feed)] = feed
        return feed
    }
}

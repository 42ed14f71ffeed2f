internal import Wire

/// What a stream of a call sends: one message at a time, as fast as its reader takes them. On the
/// loop's thread alone.
protocol Feed: AnyObject {
    /// Called when there is something again after ``next()`` had nothing.
    var onNews: () -> Void { get set }

    /// What comes next; `nil` if there is nothing at the moment.
    func next() -> FeedItem?

    /// Nobody reads it any more.
    func close()

    /// Whether it goes on until its reader or the daemon goes.
    var isEndless: Bool { get }
}

enum FeedItem {
    case message([UInt8])
    case end
    case fail(Status)
}

extension Feed {
    func close() {}
    var isEndless: Bool { false }
}

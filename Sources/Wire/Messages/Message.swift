/// A message as a Swift value: made from bytes that anyone may have sent, and back.
public protocol Message: Sendable, Equatable {
    /// - Throws: ``WireError`` if the bytes are not such a message, hold text that is not UTF-8 or
    ///   is over its limit, or would take far more memory than they are long.
    init(_ bytes: [UInt8]) throws(WireError)
    var bytes: [UInt8] { get }
}

/// A message of a stream of events, the last of which says that it is.
public protocol StreamEvent: Message {
    /// Whether no event follows.
    var isEnd: Bool { get }
}

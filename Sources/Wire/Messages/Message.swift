/// A message as a Swift value: made from bytes that anyone may have sent, and back.
public protocol Message: Sendable, Equatable {
    /// - Throws: ``WireError`` if the bytes are not such a message, hold text that is not UTF-8 or
    ///   is over its limit, or would take far more memory than they are long.
    init(_ bytes: [UInt8]) throws(WireError)
    var bytes: [UInt8] { get }
}

/// A message of a stream of them.
public protocol StreamEvent: Message {
    /// Whether the last message of such a stream says that it is. If not, the stream may end after
    /// any.
    static var hasEnd: Bool { get }
    /// Whether no message follows.
    var isEnd: Bool { get }
}

extension StreamEvent {
    public static var hasEnd: Bool { false }
    public var isEnd: Bool { false }
}

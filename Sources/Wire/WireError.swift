/// Bytes that are not what the protocol says, or a message that the protocol cannot carry.
public struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// Not a protobuf message, or not the one that was expected.
        case malformed
        /// Over a limit of `etc/doc/protocol.md`.
        case tooLarge
        /// The connection has used up its stream ids, or is over.
        case exhausted
    }
    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

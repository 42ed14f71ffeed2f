/// Sources that cannot be imported, or a target that cannot be written.
public struct ImportError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// A source that is not what it would have to be, or does not go with the others.
        case refused
        /// The target exists, cannot be written, or another import is writing it.
        case target
        case noSpace
        /// Stopped by the caller; what is complete stays for the next run.
        case stopped
        /// A model that is not as its manifest says.
        case damaged
    }

    public let code: Code
    /// What is wrong and what to do about it.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func refused(_ message: String) -> ImportError { ImportError(.refused, message) }

    public var description: String { message }
}

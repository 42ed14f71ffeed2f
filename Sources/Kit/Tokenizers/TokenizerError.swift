/// A vocabulary that cannot be used, or a text over a limit.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// A file contradicts its format, or lacks a token that the rules need.
        case malformed
        /// The embedding table does not fit the vocabulary.
        case mismatch
        /// A text or file over its limit.
        case overLimit
        /// A file asks for a rule that is not known here.
        case unsupported
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

import Glibc

/// A model's file that is missing, unreadable, malformed or over a limit.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// There is no such file or folder, or a folder holds no weights.
        case notFound
        /// The system refused to open, map or read it.
        case unreadable
        /// The contents contradict the format, or each other.
        case malformed
        /// Well formed, but of a kind that is not read here.
        case unsupported
        /// Over one of the limits that are checked before anything is allocated.
        case overLimit
        /// The system refused to write it; nothing was left behind.
        case unwritable
    }

    public let code: Code
    public let path: String
    /// What is wrong and what to do about it.
    public let message: String

    public init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    /// What the system said last, as an error.
    static func system(_ code: Code, path: String, _ action: String) -> CheckpointError {
        let number = errno
        let code = number == ENOENT && code == .unreadable ? .notFound : code
        let reason = unsafe String(cString: strerror(number))
        return CheckpointError(code, path: path, "\(action): \(reason)")
    }

    public var description: String { "\(path): \(message)" }
}

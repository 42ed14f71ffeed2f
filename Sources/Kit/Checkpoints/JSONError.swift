/// Where and why a text is not JSON.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The offset of the first offending byte.
    public let offset: Int
    public let line: Int
    /// Counted in bytes, from 1.
    public let column: Int
    public let message: String

    init(_ message: String, at offset: Int, in bytes: [UInt8]) {
        let before = bytes.prefix(offset)
        self.offset = offset
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        column = offset - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
        self.message = message
    }

    public var description: String { "line \(line), column \(column): \(message)" }
}

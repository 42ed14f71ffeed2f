/// A part of a file, read from its beginning to its end and not beyond.
struct ByteReader {
    let file: MappedFile
    /// Of the next byte within the file.
    private(set) var position: Int
    let end: Int
    /// What is read, for messages.
    private let subject: String

    init(_ file: MappedFile, _ range: Range<Int>, of subject: String) {
        self.file = file
        position = range.lowerBound
        end = range.upperBound
        self.subject = subject
    }

    var remaining: Int { end - position }

    /// Passes over bytes.
    /// - Returns: where they lie within the file.
    mutating func skip(_ count: UInt64) throws(CheckpointError) -> Range<Int> {
        guard count <= UInt64(remaining) else {
            throw CheckpointError(
                .malformed, path: file.path,
                "truncated: \(subject) ends at byte \(end), \(count) bytes are wanted at \(position)"
            )
        }
        let start = position
        position += Int(count)
        return start..<position
    }

    mutating func skip(_ count: Int) throws(CheckpointError) -> Range<Int> {
        try skip(UInt64(count))
    }

    /// A little-endian integer.
    mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
        as type: Integer.Type = Integer.self
    ) throws(CheckpointError) -> Integer {
        file.integer(at: try skip(MemoryLayout<Integer>.size).lowerBound)
    }

    /// UTF-8 text of a number of bytes.
    mutating func text(_ count: UInt64) throws(CheckpointError) -> String {
        let range = try skip(count)
        guard let text = String(validating: file.bytes(range), as: UTF8.self) else {
            throw malformed("is not UTF-8 at byte \(range.lowerBound)")
        }
        return text
    }

    /// An error of what is read.
    func malformed(_ message: String) -> CheckpointError {
        CheckpointError(.malformed, path: file.path, "\(subject) \(message)")
    }
}

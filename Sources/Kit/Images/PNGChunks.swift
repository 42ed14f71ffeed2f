/// The chunks of a PNG (ISO/IEC 15948, §5.3), in order; ends without an error where one does not
/// fit the file.
struct PNGChunks: Sequence, IteratorProtocol {
    static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    struct Chunk {
        let type: String
        /// Of its data within the file.
        let range: Range<Int>
        /// Whether the stored checksum is that of type and data.
        let isIntact: () -> Bool
    }

    private let bytes: [UInt8]
    private var position = signature.count

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Chunk? {
        guard bytes.count - position >= 12 else { return nil }
        let length = Int(bigEndian(bytes[position..<position + 4]))
        guard length <= bytes.count - position - 12 else { return nil }
        let start = position + 8
        let end = start + length
        let covered = position + 4..<end
        position = end + 4
        return Chunk(
            type: String(decoding: bytes[covered.lowerBound..<start], as: UTF8.self),
            range: start..<end,
            isIntact: { [bytes] in crc32(bytes[covered]) == bigEndian(bytes[end..<end + 4]) })
    }

    /// A chunk as it stands in a file.
    static func encode(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let covered = Array(type.utf8) + data
        return bigEndianBytes(UInt32(data.count)) + covered + bigEndianBytes(crc32(covered[...]))
    }
}

/// - Precondition: at most four bytes.
func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reduce(0) { $0 << 8 | UInt32($1) }
}

private func bigEndianBytes(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
}

/// The checksum of PNG chunks (ISO/IEC 15948, annex D), bit by bit: texts are short.
private func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var remainder: UInt32 = 0xffff_ffff
    for byte in bytes {
        remainder ^= UInt32(byte)
        for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~remainder
}

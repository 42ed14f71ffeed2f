/// Where the central directory of a zip file lies (APPNOTE 4.3.14 to 4.3.16).
struct ZipDirectory {
    let range: Range<Int>
    let entryCount: Int

    private static let endRecordSize = 22
    private static let locatorSize = 20
    private static let wideRecordSize = 56

    init(_ file: MappedFile) throws(CheckpointError) {
        func malformed(_ message: String) -> CheckpointError {
            CheckpointError(.malformed, path: file.path, message)
        }
        let end = file.count - Self.endRecordSize
        guard end >= 0, file.integer(at: end) as UInt32 == 0x0605_4b50 else {
            throw malformed(
                "no end record of a zip file in its last \(Self.endRecordSize) bytes: truncated, "
                    + "or with a comment, which torch does not write")
        }
        var record = ByteReader(file, end + 4..<file.count, of: "the end record")
        let disks = [try record.integer(as: UInt16.self), try record.integer()]
        let counts = [try record.integer(as: UInt16.self), try record.integer()]
        let size = try record.integer(as: UInt32.self)
        let offset = try record.integer(as: UInt32.self)
        guard try record.integer(as: UInt16.self) == 0, disks == [0, 0] else {
            throw malformed("a zip file with a comment or of several disks; torch writes neither")
        }
        guard
            let wide = try Self.wideRecord(file, before: end)
        else {
            guard counts[0] == counts[1] else { throw malformed("two counts of zip entries") }
            try self.init(
                file, count: UInt64(counts[0]), offset: UInt64(offset), size: UInt64(size),
                end: end)
            return
        }
        // All bits set: the value is in the other record alone.
        guard counts[0] == .max || UInt64(counts[0]) == wide.count, counts[0] == counts[1],
            size == .max || UInt64(size) == wide.size,
            offset == .max || UInt64(offset) == wide.offset
        else { throw malformed("the two end records of the zip file disagree") }
        try self.init(
            file, count: wide.count, offset: wide.offset, size: wide.size, end: wide.start)
    }

    /// The zip64 end record, if there is a locator of one.
    private static func wideRecord(
        _ file: MappedFile, before end: Int
    ) throws(CheckpointError) -> (start: Int, count: UInt64, size: UInt64, offset: UInt64)? {
        let place = end - locatorSize
        guard place >= 0, file.integer(at: place) as UInt32 == 0x0706_4b50 else { return nil }
        var locator = ByteReader(file, place + 4..<end, of: "the zip64 locator")
        let disk: UInt32 = try locator.integer()
        let start: UInt64 = try locator.integer()
        let disks: UInt32 = try locator.integer()
        guard disk == 0, disks == 1 else { throw locator.malformed("names several disks") }
        // Without an extensible data sector, which torch does not write.
        guard place >= wideRecordSize, start == UInt64(place - wideRecordSize) else {
            throw locator.malformed("does not point to the record before it")
        }
        var record = ByteReader(file, Int(start)..<place, of: "the zip64 end record")
        let signature: UInt32 = try record.integer()
        let size: UInt64 = try record.integer()
        guard signature == 0x0606_4b50, size == UInt64(wideRecordSize - 12) else {
            throw record.malformed("has no proper beginning")
        }
        _ = try record.skip(4)
        let numbers: [UInt32] = [try record.integer(), try record.integer()]
        let counts: [UInt64] = [try record.integer(), try record.integer()]
        guard numbers == [0, 0], counts[0] == counts[1] else {
            throw record.malformed("names several disks")
        }
        let length: UInt64 = try record.integer()
        return (Int(start), counts[0], length, try record.integer())
    }

    private init(
        _ file: MappedFile, count: UInt64, offset: UInt64, size: UInt64, end: Int
    ) throws(CheckpointError) {
        guard count <= UInt64(ZipArchive.maximumEntries) else {
            throw CheckpointError(
                .overLimit, path: file.path,
                "\(count) zip entries; the limit is \(ZipArchive.maximumEntries)")
        }
        guard offset <= UInt64(end), size == UInt64(end) - offset else {
            throw CheckpointError(
                .malformed, path: file.path,
                "the central directory of the zip file, \(size) bytes at \(offset), does not end "
                    + "at its end record at \(end)")
        }
        range = Int(offset)..<end
        entryCount = Int(count)
    }
}

/// One entry of a zip file: its header in the central directory (APPNOTE 4.3.12), and the local
/// one before its contents (4.3.7), which must agree with it.
struct ZipHeader {
    let name: String
    /// Of the local header.
    let offset: Int
    private let flags: UInt16
    private let size: UInt64

    private static let localSize = 30
    /// Of sizes (bit 3) after the contents, and of names in UTF-8 (bit 11); all others change how
    /// the contents are to be read.
    private static let allowedFlags: UInt16 = 0x0808
    private static let sizesFollow: UInt16 = 0x0008

    init(central reader: inout ByteReader) throws(CheckpointError) {
        guard try reader.integer(as: UInt32.self) == 0x0201_4b50 else {
            throw reader.malformed("has no header at byte \(reader.position - 4)")
        }
        _ = try reader.skip(4)
        flags = try reader.integer()
        let method: UInt16 = try reader.integer()
        _ = try reader.skip(8)
        let packed: UInt32 = try reader.integer()
        let plain: UInt32 = try reader.integer()
        let nameLength: UInt16 = try reader.integer()
        let extraLength: UInt16 = try reader.integer()
        let commentLength: UInt16 = try reader.integer()
        let disk: UInt16 = try reader.integer()
        _ = try reader.skip(6)
        let place: UInt32 = try reader.integer()
        guard (1...ZipArchive.maximumNameBytes).contains(Int(nameLength)) else {
            throw CheckpointError(
                .overLimit, path: reader.file.path,
                "the name of a zip entry has \(nameLength) bytes; allowed are "
                    + "1 to \(ZipArchive.maximumNameBytes)")
        }
        name = try reader.text(UInt64(nameLength))
        var fields = WideFields(try reader.skip(Int(extraLength)), in: reader.file)
        _ = try reader.skip(Int(commentLength))
        size = try fields.widen(plain, name)
        let packedSize = try fields.widen(packed, name)
        let start = try fields.widen(place, name)
        guard let offset = Int(exactly: start) else {
            throw reader.malformed("says that \(name) begins at byte \(start)")
        }
        self.offset = offset
        try check(method, disk, packedSize, reader)
    }

    private func check(
        _ method: UInt16, _ disk: UInt16, _ packedSize: UInt64, _ reader: ByteReader
    ) throws(CheckpointError) {
        guard method == 0 else {
            let known = [8: "deflate", 9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd"]
            throw CheckpointError(
                .unsupported, path: reader.file.path,
                "the zip entry \(name) is compressed (\(known[Int(method)] ?? "method \(method)")); "
                    + "torch.save stores, save it again with torch")
        }
        guard flags & ~Self.allowedFlags == 0 else {
            let what = flags & 1 == 1 ? "encrypted" : "of flags 0x\(String(flags, radix: 16))"
            throw CheckpointError(
                .unsupported, path: reader.file.path, "the zip entry \(name) is \(what)")
        }
        guard disk == 0, packedSize == size else {
            throw reader.malformed("gives \(name) two sizes, or another disk")
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.contains("\0"), !name.contains("\\"), !parts.contains(".."),
            !parts.contains("")
        else {
            throw reader.malformed("has the name \"\(name)\", which leads out of the archive")
        }
    }

    /// Where the contents lie; they must end before the central directory.
    func data(in file: MappedFile, before limit: Int) throws(CheckpointError) -> Range<Int> {
        guard offset < limit else {
            throw CheckpointError(
                .malformed, path: file.path,
                "the zip entry \(name) begins at byte \(offset), the central directory at \(limit)")
        }
        var reader = ByteReader(file, offset..<limit, of: "the local header of \(name)")
        guard try reader.integer(as: UInt32.self) == 0x0403_4b50 else {
            throw reader.malformed("is not there, at byte \(offset)")
        }
        _ = try reader.skip(2)
        let flags: UInt16 = try reader.integer()
        let method: UInt16 = try reader.integer()
        _ = try reader.skip(8)
        let packed: UInt32 = try reader.integer()
        let plain: UInt32 = try reader.integer()
        let nameLength: UInt16 = try reader.integer()
        let extraLength: UInt16 = try reader.integer()
        guard flags == self.flags, method == 0, Int(nameLength) == name.utf8.count,
            try reader.text(UInt64(nameLength)) == name
        else { throw reader.malformed("says something else than the central directory") }
        var fields = WideFields(try reader.skip(Int(extraLength)), in: file)
        if flags & Self.sizesFollow == 0 || plain != 0 || packed != 0 {
            let sizes = [try fields.widen(plain, name), try fields.widen(packed, name)]
            guard sizes == [size, size] else {
                throw reader.malformed("gives another size than the central directory")
            }
        }
        return try reader.skip(size)
    }
}

/// The 64-bit values of a zip64 extra field (APPNOTE 4.5.3), in the order of the 32-bit fields
/// that they stand for.
private struct WideFields {
    private let path: String
    private var values: [UInt64] = []

    init(_ extra: Range<Int>, in file: MappedFile) {
        path = file.path
        var reader = ByteReader(file, extra, of: "an extra field")
        // Other programs leave padding here that is not in fields: what cannot be read is none.
        while let kind = try? reader.integer(as: UInt16.self),
            let length = try? reader.integer(as: UInt16.self),
            let field = try? reader.skip(Int(length))
        {
            guard kind == 1 else { continue }
            var wide = ByteReader(file, field, of: "a zip64 field")
            while let value = try? wide.integer(as: UInt64.self) { values.append(value) }
            return
        }
    }

    mutating func widen(_ value: UInt32, _ name: String) throws(CheckpointError) -> UInt64 {
        guard value == .max else { return UInt64(value) }
        guard !values.isEmpty else {
            throw CheckpointError(
                .malformed, path: path, "the zip entry \(name) lacks a zip64 size or offset")
        }
        return values.removeFirst()
    }
}

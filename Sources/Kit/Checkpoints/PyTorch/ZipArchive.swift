/// The entries of a zip file of stored files, as `torch.save` writes it (PKWARE's APPNOTE 6.3.10,
/// sections 4.3 to 4.5).
///
/// Two readers of a zip file that look at different places can see different files, so the places
/// must agree: the central directory ends where the end record begins, every local header says
/// what the directory says, and no two entries share a byte. Checksums are not compared: torch
/// may be told not to compute them (`torch.serialization.set_crc32_options`), and the format
/// says nothing through them that the bounds do not.
struct ZipArchive {
    static let maximumEntries = 1 << 18
    static let maximumNameBytes = 512

    /// Where the contents of each entry lie in the file.
    let entries: [String: Range<Int>]

    init(_ file: MappedFile) throws(CheckpointError) {
        let directory = try ZipDirectory(file)
        var reader = ByteReader(file, directory.range, of: "the central directory")
        var entries: [String: Range<Int>] = [:]
        var places: [(name: String, range: Range<Int>)] = []
        for _ in 0..<directory.entryCount {
            let header = try ZipHeader(central: &reader)
            let data = try header.data(in: file, before: directory.range.lowerBound)
            guard entries.updateValue(data, forKey: header.name) == nil else {
                throw CheckpointError(
                    .malformed, path: file.path, "the zip entry \(header.name) occurs twice")
            }
            places.append((header.name, header.offset..<data.upperBound))
        }
        guard reader.remaining == 0 else {
            throw reader.malformed(
                "has \(reader.remaining) bytes after its \(directory.entryCount) entries")
        }
        places.sort { $0.range.lowerBound < $1.range.lowerBound }
        for (one, next) in zip(places, places.dropFirst())
        where one.range.upperBound > next.range.lowerBound {
            throw CheckpointError(
                .malformed, path: file.path, "the zip entry \(next.name) overlaps \(one.name)")
        }
        self.entries = entries
    }
}

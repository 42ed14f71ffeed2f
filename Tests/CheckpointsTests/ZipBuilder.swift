/// A zip file as torch writes it, any field of which can be made to lie.
struct ZipBuilder {
    struct Entry {
        var name: [UInt8]
        var data: [UInt8]
        var flags: UInt16 = 0x0808
        var method: UInt16 = 0
        var disk: UInt16 = 0
        /// What the central directory says; the truth if they are `nil`.
        var size, packedSize, offset: UInt32?
        var extra: [UInt8] = []
        /// What the local header says.
        var localSignature: UInt32 = 0x0403_4b50
        var localName: [UInt8]?
        var localFlags: UInt16?
        var localSize: UInt32 = 0
        var signature: UInt32 = 0x0201_4b50

        init(_ name: String, _ data: [UInt8] = []) {
            self.name = Array(name.utf8)
            self.data = data
        }
    }

    var entries: [Entry]
    /// What the end record says.
    var count, otherCount, disk: UInt16?
    var directorySize, directoryOffset: UInt32?
    var comment: [UInt8] = []
    /// The zip64 end record and locator, if they are written.
    var isWide = false
    var wideCount, wideSize, wideOffset, wideStart, wideDisk: UInt64?
    var wideRecordSize: UInt64 = 44
    /// Between the directory and the end.
    var gap: [UInt8] = []

    init(_ entries: [Entry]) { self.entries = entries }

    /// The records of a checkpoint.
    init(pickle: [UInt8], storages: [String: [UInt8]] = [:]) {
        entries = [Entry("w/data.pkl", pickle)]
        entries += storages.sorted { $0.key < $1.key }.map { Entry("w/data/\($0.key)", $0.value) }
    }

    var contents: [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = UInt32(file.count)
            let size = UInt32(entry.data.count)
            let localName = entry.localName ?? entry.name
            file += bytes(entry.localSignature) + bytes(0 as UInt16)
            file += bytes(entry.localFlags ?? entry.flags, entry.method, 0, 0)
            file += bytes(0, entry.localSize, entry.localSize)
            file += bytes(UInt16(localName.count), 0) + localName + entry.data
            if entry.flags & 8 != 0 { file += bytes(0x0807_4b50, 0, size, size) }
            directory += bytes(entry.signature) + bytes(0, 0, entry.flags, entry.method, 0, 0)
            directory += bytes(0, entry.packedSize ?? size, entry.size ?? size)
            directory += bytes(
                UInt16(entry.name.count), UInt16(entry.extra.count), 0, entry.disk, 0)
            directory += bytes(0, entry.offset ?? offset) + entry.name + entry.extra
        }
        let (start, size) = (UInt32(file.count), UInt32(directory.count))
        file += directory + gap
        let end = UInt64(file.count)
        let count = UInt16(entries.count)
        if isWide {
            file += bytes(0x0606_4b50 as UInt32) + bytes(wideRecordSize)
            file += bytes(0, 0 as UInt16) + bytes(0, 0 as UInt32)
            file += bytes(wideCount ?? UInt64(count), wideCount ?? UInt64(count))
            file += bytes(wideSize ?? UInt64(size), wideOffset ?? UInt64(start))
            file += bytes(0x0706_4b50, 0 as UInt32) + bytes(wideStart ?? end)
            file += bytes(UInt32(wideDisk ?? 1))
        }
        file += bytes(0x0605_4b50 as UInt32)
        file += bytes(disk ?? 0, 0, self.count ?? count, otherCount ?? self.count ?? count)
        file += bytes(directorySize ?? size, directoryOffset ?? start)
        return file + bytes(UInt16(comment.count)) + comment
    }
}

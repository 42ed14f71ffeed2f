import Checkpoints
import Glibc

extension Staging {
    /// What its files take of the disk.
    var bytesOnDisk: Int { Self.bytesOnDisk(of: path) }

    private static func bytesOnDisk(of path: String) -> Int {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return Int(status.st_blocks) * 512 }
        return (Folder.names(in: path) ?? []).reduce(0) { $0 + bytesOnDisk(of: "\(path)/\($1)") }
    }

    /// Refuses before it is begun what would fail for want of room.
    /// - Parameter bytes: that will be written.
    func requireRoom(for bytes: Int) throws(ImportError) {
        // The small files, and what a file system needs for itself.
        let needed = max(bytes, 0) + (1 << 20)
        guard let free = Self.bytesFree(for: path), free < needed else { return }
        throw ImportError(
            .noSpace,
            "\(path) needs \(mebibytes(needed)) more, and its disk has \(mebibytes(free)) free; make "
                + "room, choose a folder on another disk with --to, or a smaller --type")
    }

    /// Bytes that may still be written below a folder, which need not be there yet.
    private static func bytesFree(for path: String) -> Int? {
        var folder = path
        var status = statvfs()
        while unsafe statvfs(folder, &status) != 0 {
            guard errno == ENOENT, folder != "/", folder != "." else { return nil }
            folder =
                folder.lastIndex(of: "/").map { slash in
                    slash == folder.startIndex ? "/" : String(folder[..<slash])
                } ?? "."
        }
        let (bytes, overflow) = status.f_bavail.multipliedReportingOverflow(by: status.f_frsize)
        return overflow ? .max : Int(clamping: bytes)
    }
}

func mebibytes(_ count: Int) -> String { "\((count + (1 << 20) - 1) >> 20) MiB" }

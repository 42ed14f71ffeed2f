public import Glibc

/// Which file it is, and in which state: a file that another was renamed over, or that was written
/// to, has a different one.
public struct FileIdentity: Sendable, Equatable {
    public let device: UInt
    public let inode: UInt
    /// In bytes.
    public let size: Int
    /// When it was last modified.
    public let seconds, nanoseconds: Int

    public init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }

    /// Of the file that a path leads to now; `nil` if there is no regular file.
    public init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        self.init(status)
    }

    /// - Throws: if the open file is not a regular one.
    init(of descriptor: Int32, _ path: String) throws(CheckpointError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .system(.unreadable, path: path, "cannot read its size")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(.unreadable, path: path, "not a regular file")
        }
        self.init(status)
    }
}

import Glibc

/// Which file it is, and in which state: a file that another was renamed over, or that was written
/// to, has a different one.
struct FileIdentity: Sendable, Equatable {
    let device: dev_t
    let inode: ino_t
    /// In bytes.
    let size: Int
    /// When it was last modified.
    let seconds, nanoseconds: Int

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

    /// Of the file that a path leads to now; `nil` if there is none.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}

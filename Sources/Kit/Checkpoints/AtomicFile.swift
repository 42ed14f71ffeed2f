import Glibc
import Synchronization

/// A file that appears under its name only when it is complete and on disk.
///
/// Bytes go to a temporary name in the same folder; ``finish()`` flushes them and renames. Whatever
/// interrupts the writing, the name holds the old contents or the new, and a writer that is let go
/// unfinished removes what it wrote.
public struct AtomicFile: ~Copyable {
    public let path: String
    private let temporary: String
    private let descriptor: Int32
    private static let serial = Atomic<Int>(0)

    public init(path: String) throws(CheckpointError) {
        let number = Self.serial.wrappingAdd(1, ordering: .relaxed).newValue
        self.path = path
        temporary = "\(path).\(getpid())-\(number).part"
        let opened = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard opened >= 0 else {
            throw CheckpointError.system(.unwritable, path: path, "cannot create")
        }
        descriptor = opened
    }

    deinit {
        close(descriptor)
        unsafe unlink(temporary)
    }

    public mutating func append(_ bytes: RawSpan) throws(CheckpointError) {
        var written = 0
        while written < bytes.byteCount {
            let status = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written },
                    buffer.count - written)
            }
            if status < 0 && errno == EINTR { continue }
            guard status > 0 else { throw .system(.unwritable, path: path, "cannot write") }
            written += status
        }
    }

    public mutating func append(_ bytes: [UInt8]) throws(CheckpointError) {
        try unsafe append(bytes.span.bytes)
    }

    /// Flushes, renames, and flushes the folder's entry.
    public consuming func finish() throws(CheckpointError) {
        guard fsync(descriptor) == 0 else { throw .system(.unwritable, path: path, "cannot flush") }
        guard unsafe rename(temporary, path) == 0 else {
            throw .system(.unwritable, path: path, "cannot rename \(temporary) to it")
        }
        let folder = unsafe open(parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }
}

/// The folder of a path, as `dirname` prints it.
private func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

import Checkpoints
import Glibc

/// A file that is written from its beginning on, and may have been begun before.
struct FileBytes: ~Copyable {
    let path: String
    private let descriptor: Int32
    /// Of what was written or accepted.
    private(set) var hash = SHA256()
    private(set) var count = 0

    init(path: String) throws(ImportError) {
        self.path = path
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard opened >= 0 else { throw .system(.target, "cannot write \(path)") }
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// The digest of what there is so far.
    var digest: String { hash.finish() }

    mutating func append(_ bytes: RawSpan) throws(ImportError) {
        var written = 0
        while written < bytes.byteCount {
            let status = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written },
                    buffer.count - written, off_t(count + written))
            }
            if status < 0 && errno == EINTR { continue }
            guard status > 0 else { throw .system(.target, "cannot write \(path)") }
            written += status
        }
        hash.update(bytes)
        count += bytes.byteCount
    }

    mutating func append(_ bytes: [UInt8]) throws(ImportError) {
        try unsafe append(bytes.span.bytes)
    }

    /// Accepts bytes that are there from before, up to a place.
    /// - Returns: whether they are those of the digest; if not, nothing was accepted.
    mutating func accept(upTo end: Int, digest: String) -> Bool {
        var hash = hash
        var position = count
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while position < end {
            let wanted = min(piece.count, end - position)
            let received = unsafe piece.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor, buffer.baseAddress, wanted, off_t(position))
            }
            if received < 0 && errno == EINTR { continue }
            guard received > 0 else { return false }
            hash.update(received == piece.count ? piece : Array(piece[..<received]))
            position += received
        }
        guard hash.finish() == digest else { return false }
        self.hash = hash
        count = end
        return true
    }

    /// Cuts off what was there beyond what was written or accepted.
    mutating func truncate() throws(ImportError) {
        guard ftruncate(descriptor, off_t(count)) == 0 else {
            throw .system(.target, "cannot write \(path)")
        }
    }

    /// Waits until all of it is on disk.
    func flush() throws(ImportError) {
        guard fsync(descriptor) == 0 else { throw .system(.target, "cannot flush \(path)") }
    }
}

extension ImportError {
    /// What the system said last; where it had no room, with what to do about it.
    static func system(_ code: Code, _ action: String) -> ImportError {
        let number = errno
        let text = "\(action): \(unsafe String(cString: strerror(number)))"
        switch number {
        case ENOSPC, EDQUOT:
            return ImportError(.noSpace, "\(text); make room, and the same command goes on")
        case EFBIG:
            return ImportError(
                .noSpace,
                "\(text) for its file system, or for the limit of this shell (ulimit -f); raise the "
                    + "limit, and the same command goes on, or choose another folder with --to")
        default: return ImportError(code, text)
        }
    }
}

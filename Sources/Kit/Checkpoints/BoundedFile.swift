import Glibc

/// Small files (configurations, vocabularies) read whole, up to a limit.
public enum BoundedFile {
    /// - Parameter limit: in bytes; a larger file is refused unread.
    public static func read(_ path: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        let descriptor = try openRegularFile(path)
        defer { close(descriptor) }
        let expected = try FileIdentity(of: descriptor, path).size
        guard expected <= limit else {
            throw CheckpointError(
                .overLimit, path: path, "\(expected) bytes; the limit is \(limit)")
        }
        var bytes = [UInt8](repeating: 0, count: expected)
        var filled = 0
        while filled < expected {
            let received = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + filled },
                    expected - filled)
            }
            if received < 0 && errno == EINTR { continue }
            guard received >= 0 else { throw .system(.unreadable, path: path, "cannot read") }
            guard received > 0 else {
                throw CheckpointError(.unreadable, path: path, "became shorter while being read")
            }
            filled += received
        }
        return bytes
    }
}

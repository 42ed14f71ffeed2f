import Checkpoints
import Glibc

extension FileIdentity {
    /// - Throws: if it is not a regular file, is too large, or others than its owner, who is root
    ///   or we, may write to it.
    init(trusted descriptor: Int32, path: String) throws(PluginError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw PluginError(.unreadable, path, lastError())
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PluginError(.notAFile, path, "not a regular file")
        }
        try requireTrusted(status, path: path)
        guard status.st_size <= PluginFile.maximumSize else {
            throw PluginError(
                .tooLarge, path, "\(status.st_size) bytes; the limit is \(PluginFile.maximumSize)")
        }
        self.init(status)
    }

    /// Waits until the file has been at rest for longer than the coarse tick of modification
    /// times, so that a change during the read must show in them.
    static func settled(_ descriptor: Int32, path: String) throws(PluginError) -> FileIdentity {
        let rest = 30
        for _ in 0..<100 {
            let identity = try FileIdentity(trusted: descriptor, path: path)
            var now = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &now)
            let age =
                (now.tv_sec - identity.seconds) * 1000
                + (now.tv_nsec - identity.nanoseconds) / 1_000_000
            // A file dated in the future is as good as one at rest.
            if age >= rest || age < 0 { return identity }
            usleep(UInt32(rest - age) * 1000)
        }
        throw PluginError(
            .fileChanged, path, "the file is being written; try again when it is complete")
    }
}

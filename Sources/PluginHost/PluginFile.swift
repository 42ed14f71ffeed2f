import Checkpoints
import Glibc
import Stages

/// A plugin's file, read whole into memory and checked without running anything of it.
///
/// What is checked is what is loaded: the image is loaded from a copy of these very bytes.
struct PluginFile {
    /// Resolved: no symbolic link is left in it.
    let path: String
    let identity: FileIdentity
    let bytes: [UInt8]
    let sha256: String

    /// Larger files are refused unread; the largest plugin of ours is under 4 MB.
    static let maximumSize = 256 << 20

    init(path: String) throws(PluginError) {
        guard let resolved = resolve(path) else {
            throw PluginError(.notFound, path, lastError())
        }
        self.path = resolved
        try requireTrusted(directoriesOf: resolved)
        (bytes, identity) = try Self.read(resolved)
        try Self.check(bytes, path: resolved)
        sha256 = SHA256.hash(bytes)
    }

    private static func check(_ bytes: [UInt8], path: String) throws(PluginError) {
        let image: ELFImage
        do { image = try ELFImage(bytes) } catch {
            throw PluginError(.notAPlugin, path, error.description)
        }
        guard let compiler = image.compiler else {
            throw PluginError(
                .notAPlugin, path,
                "a shared library without Voken's note; a plugin calls exportPlugin")
        }
        guard image.defined.contains(entryPoint) else {
            throw PluginError(
                .notAPlugin, path, "exports no \(entryPoint); see Plugins/Echo for an entry point")
        }
        guard compiler == kitCompiler else {
            throw PluginError(
                .incompatible, path,
                "built by \(compiler), this host by \(kitCompiler); rebuild the plugin")
        }
        let stamps = image.undefined.filter { $0.hasPrefix(stampPrefix) }
        guard stamps == [stampPrefix + kitFingerprint] else {
            let kits = stamps.map { $0.dropFirst(stampPrefix.count).prefix(12) }.sorted()
            throw PluginError(
                .incompatible, path,
                "built against Kit \(kits.first ?? "unknown"), this host has "
                    + "\(kitFingerprint.prefix(12)); rebuild the plugin")
        }
    }

    static let entryPoint = "voken_plugin"
    private static let stampPrefix = "voken_kit_"

    /// Reads a file that is at rest: a linker still writing it would give us half of it.
    private static func read(_ path: String) throws(PluginError) -> ([UInt8], FileIdentity) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw PluginError(.notFound, path, lastError()) }
        defer { close(descriptor) }
        let before = try FileIdentity.settled(descriptor, path: path)
        var bytes = [UInt8](repeating: 0, count: before.size)
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + filled },
                    buffer.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        let after = try FileIdentity(descriptor, path: path)
        guard filled == bytes.count, after == before else {
            throw PluginError(
                .changing, path, "the file changed while it was read; try again when it is written")
        }
        return (bytes, before)
    }
}

/// What tells one content of a path from the next.
struct FileIdentity: Equatable {
    let device: UInt
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    /// - Throws: if it is not a regular file, is too large, or others than its owner, who is root
    ///   or we, may write to it.
    init(_ descriptor: Int32, path: String) throws(PluginError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw PluginError(.notFound, path, lastError())
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PluginError(.notTrusted, path, "not a regular file")
        }
        try requireTrusted(status, path: path)
        guard status.st_size <= PluginFile.maximumSize else {
            throw PluginError(
                .notAPlugin, path, "\(status.st_size) bytes; the limit is \(PluginFile.maximumSize)"
            )
        }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }

    /// Waits until the file has been at rest for longer than the coarse tick of modification
    /// times, so that a change during the read must show in them.
    static func settled(_ descriptor: Int32, path: String) throws(PluginError) -> FileIdentity {
        let rest = 30
        for _ in 0..<100 {
            let identity = try FileIdentity(descriptor, path: path)
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
            .changing, path, "the file is being written; try again when it is complete")
    }
}

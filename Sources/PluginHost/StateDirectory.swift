import Checkpoints
import Glibc
import Synchronization

/// The directory of the copies that images are loaded from.
///
/// Each load has a copy under a name never used before, since `dlopen` answers with the old image
/// when a name is known to it; and a file of our own, since a loaded file that its owner
/// overwrites in place takes the process down. Copies stay while the process lives, so that
/// debuggers and backtraces find the code in them; the next process removes them.
final class StateDirectory: Sendable {
    let path: String
    private let copies = Atomic<Int>(0)

    init(path: String) throws(PluginError) {
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
            throw PluginError(.host, path, "cannot create the state directory: \(lastError())")
        }
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == geteuid()
        else {
            throw PluginError(.host, path, "the state directory is not a directory of ours")
        }
        guard status.st_mode & (S_IRWXG | S_IRWXO) == 0 else {
            throw PluginError(
                .host, path, "others may enter the state directory; chmod 700 '\(path)'")
        }
        guard let resolved = resolve(path) else { throw PluginError(.host, path, lastError()) }
        self.path = resolved
        removeLeftovers()
    }

    /// Writes a private copy, named `<pid>.<n>.<name>`.
    func copy(_ bytes: [UInt8], named name: String) throws(PluginError) -> String {
        let number = copies.add(1, ordering: .relaxed).newValue
        let copy = "\(path)/\(getpid()).\(number).\(name)"
        let descriptor = unsafe open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o500)
        guard descriptor >= 0 else { throw PluginError(.host, copy, lastError()) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written },
                    buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = lastError()
                unsafe unlink(copy)
                throw PluginError(.host, copy, "cannot write the private copy: \(reason)")
            }
            written += count
        }
        return copy
    }

    /// Removes a copy that nothing was loaded from.
    func remove(_ copy: String) { unsafe unlink(copy) }

    /// Removes the copies of processes that are no more.
    private func removeLeftovers() {
        for name in Folder.names(in: path) ?? [] {
            let parts = name.split(separator: ".", maxSplits: 2)
            guard parts.count == 3, name.hasSuffix(".so"), let process = pid_t(parts[0]),
                Int(parts[1]) != nil, process > 0
            else { continue }
            if kill(process, 0) != 0, errno == ESRCH { unsafe unlink("\(path)/\(name)") }
        }
    }
}

import Glibc

/// Programs that may run as the host: the rule for plugins.
public enum TrustedProgram {
    /// - Parameter path: absolute.
    /// - Returns: the path without symbolic links.
    /// - Throws: ``PluginError/Code/notFound`` if there is no executable file;
    ///   ``PluginError/Code/wrongOwner`` or ``PluginError/Code/writableByOthers`` if others may
    ///   write to it or a directory above it.
    public static func require(_ path: String) throws(PluginError) -> String {
        guard path.hasPrefix("/") else {
            throw PluginError(.notFound, path, "\"\(path)\" is not an absolute path")
        }
        guard let resolved = resolve(path) else {
            throw PluginError(.notFound, path, "\(path): \(lastError())")
        }
        var status = stat()
        guard unsafe lstat(resolved, &status) == 0 else {
            throw PluginError(.notFound, path, "\(resolved): \(lastError())")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PluginError(.notFound, path, "\(resolved) is not a file")
        }
        try requireTrusted(status, path: resolved)
        try requireTrusted(directoriesOf: resolved)
        guard unsafe access(resolved, X_OK) == 0 else {
            throw PluginError(.notFound, path, "\(resolved) is not executable; chmod +x it")
        }
        return resolved
    }
}

import Glibc

/// The little that is done with paths here.
enum FilePath {
    /// The folder that holds a file, `.` for a bare name.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path as written in a file in `folder`: absolute, from the home folder (`~/`), or
    /// relative to `folder`.
    static func resolve(_ path: String, from folder: String) -> String {
        if path.hasPrefix("/") { return path }
        if path.hasPrefix("~/"), let home = unsafe getenv("HOME") {
            return unsafe String(cString: home) + path.dropFirst(1)
        }
        return folder + "/" + path
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}

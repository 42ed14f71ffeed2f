import Glibc

/// The message of `errno`.
func lastError(_ number: Int32 = errno) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
}

/// The path without symbolic links, `.` and `..`; `nil`, with `errno`, if there is no such file.
func resolve(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
}

/// Who may write a plugin may run code as the host. So its file and the directories above it
/// must belong to root or to the host's own user, and nobody else may write to them.
func requireTrusted(_ status: stat, path: String) throws(PluginError) {
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
        throw PluginError(
            .wrongOwner, path,
            "\(path) belongs to user \(status.st_uid); it must belong to root or to user "
                + "\(geteuid()), who runs this")
    }
    guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
        throw PluginError(
            .writableByOthers, path, "others may write to \(path); chmod go-w '\(path)'")
    }
}

/// Checks the directory of a resolved path and all above it. A directory further up may be open
/// to all if it is sticky, as `/tmp` is: then nobody can rename what is not theirs.
func requireTrusted(directoriesOf path: String) throws(PluginError) {
    var directory = path
    var isParent = true
    while let slash = directory.lastIndex(of: "/"), directory != "/" {
        directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
        var status = stat()
        guard unsafe lstat(directory, &status) == 0 else {
            throw PluginError(.notFound, path, "\(directory): \(lastError())")
        }
        let isSticky = status.st_mode & S_ISVTX != 0 && status.st_uid == 0
        if isParent || !isSticky { try requireTrusted(status, path: directory) }
        isParent = false
    }
}

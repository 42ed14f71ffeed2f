internal import Glibc

/// The directory of a socket: who may write to it can put another socket in the place of ours.
struct SocketDirectory {
    private let path: String

    /// - Parameter socket: the path of a socket.
    init(of socket: String) {
        guard let slash = socket.lastIndex(of: "/") else {
            path = "."
            return
        }
        path = slash == socket.startIndex ? "/" : String(socket[..<slash])
    }

    /// Makes it if only it is missing; one that is there is left as it is.
    func make(_ permissions: SocketPermissions) throws(EventLoopError) {
        guard unsafe mkdir(path, 0o700) == 0 else {
            guard errno == EEXIST else {
                throw EventLoopError(errno: errno, "cannot make the directory \(path)")
            }
            return
        }
        // By its descriptor, not by its name; the process' umask stays as it is.
        let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else {
            throw EventLoopError(errno: errno, "cannot open the directory \(path)")
        }
        defer { Glibc.close(directory) }
        if let group = permissions.group {
            guard fchown(directory, uid_t.max, group) == 0 else {
                throw EventLoopError(errno: errno, "cannot give \(path) to group \(group)")
            }
        }
        guard fchmod(directory, permissions.directoryMode) == 0 else {
            throw EventLoopError(errno: errno, "cannot set the mode of \(path)")
        }
    }

    /// Checks that nobody but this user and root can rename or replace what is in it: it and all
    /// directories above belong to one of these, and no other may write to them. One that is
    /// sticky, as `/tmp` is, may be open to all: nobody can rename there what is not theirs.
    func requireTrusted() throws(EventLoopError) {
        guard let resolved = unsafe realpath(path, nil) else {
            throw EventLoopError(errno: errno, "cannot find the directory \(path)")
        }
        defer { unsafe free(resolved) }
        var directory = unsafe String(cString: resolved)
        while true {
            try Self.requireTrusted(directory)
            guard directory != "/", let slash = directory.lastIndex(of: "/") else { return }
            directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
        }
    }

    private static func requireTrusted(_ directory: String) throws(EventLoopError) {
        var status = stat()
        guard unsafe lstat(directory, &status) == 0 else {
            throw EventLoopError(errno: errno, "cannot look at \(directory)")
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw EventLoopError(
                .notTrusted,
                """
                \(directory) belongs to user \(status.st_uid), who could replace the socket: \
                choose a directory of root's or of user \(geteuid())'s, who runs this
                """)
        }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 || status.st_mode & S_ISVTX != 0 else {
            throw EventLoopError(
                .notTrusted,
                "others may write to \(directory) and replace the socket: chmod go-w '\(directory)'"
            )
        }
    }
}

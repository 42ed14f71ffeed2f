internal import CUV
internal import Glibc

/// The file of a socket: what `lstat` says of it.
struct SocketFile: Equatable {
    private let device: dev_t
    private let inode: ino_t

    /// - Returns: `nil`, with `errno`, if there is nothing at `path`.
    init?(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
    }

    /// - Throws: if there is no socket at `path`.
    init(serving path: String) throws(EventLoopError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            throw EventLoopError(errno: errno, "cannot look at \(path)")
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw EventLoopError(.notASocket, "\(path) is not a socket any more")
        }
        self.init(status)
    }
}

extension SocketFile {
    /// Removes what a crash has left at a path. To be called by the owner of the path's lock.
    static func removeStale(_ address: SocketPath) throws(EventLoopError) {
        let path = address.path
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw EventLoopError(errno: errno, "cannot look at \(path)")
            }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw EventLoopError(
                .notASocket, "\(path) is a file, not a socket: remove it, or choose another path")
        }
        // Others, a service manager among them, listen without our lock.
        do throws(SystemError) {
            Glibc.close(try unsafe address.socket { unsafe connect($0, $1, $2) })
            throw SystemError(EAGAIN)
        } catch {
            guard error.code == ECONNREFUSED || error.code == ENOENT else {
                throw EventLoopError(
                    .addressInUse,
                    """
                    \(path) is served by another program, or nobody can tell: stop that program, \
                    remove the socket, or choose another path
                    """)
            }
        }
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw EventLoopError(errno: errno, "cannot remove the stale socket \(path)")
        }
    }

    /// Binds a socket; nobody can connect until it listens.
    ///
    /// - Returns: the descriptor, and the file that has been made.
    static func bind(
        _ address: SocketPath, _ permissions: SocketPermissions
    ) throws(EventLoopError) -> (Int32, SocketFile) {
        let descriptor: Int32
        do throws(SystemError) {
            descriptor = try unsafe address.socket { descriptor, address, count in
                // The file gets its mode from the descriptor's at bind: it is never open to
                // others, whatever the process' umask is.
                guard fchmod(descriptor, 0o600) == 0 else { return -1 }
                return unsafe Glibc.bind(descriptor, address, count)
            }
        } catch {
            throw EventLoopError(errno: error.code, "cannot bind \(address.path)")
        }
        do throws(EventLoopError) {
            return (descriptor, try open(address.path, to: permissions))
        } catch {
            _ = unsafe unlink(address.path)
            Glibc.close(descriptor)
            throw error
        }
    }

    /// Gives a file that has just been made its group and its mode: the file itself, whatever its
    /// name leads to by then.
    private static func open(
        _ path: String, to permissions: SocketPermissions
    ) throws(EventLoopError) -> SocketFile {
        let file = unsafe Glibc.open(path, __O_PATH | O_NOFOLLOW | O_CLOEXEC)
        defer { if file >= 0 { Glibc.close(file) } }
        var status = stat()
        guard file >= 0, unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
            status.st_uid == geteuid()
        else { throw EventLoopError(.notTrusted, "\(path) was replaced while it was bound") }
        // `fchown` and `fchmod` refuse such a descriptor; its link is followed to the file itself.
        let link = "/proc/self/fd/\(file)"
        if let group = permissions.group, group != status.st_gid {
            guard unsafe chown(link, uid_t.max, group) == 0 else {
                throw EventLoopError(
                    errno: errno,
                    "cannot give \(path) to group \(group), which its user should be in")
            }
        }
        if permissions.mode != status.st_mode & 0o7777 {
            guard unsafe chmod(link, permissions.mode) == 0 else {
                throw EventLoopError(errno: errno, "cannot set the mode of \(path)")
            }
        }
        return SocketFile(status)
    }

    /// Checks that an inherited descriptor is a Unix socket that listens.
    /// - Returns: where it is bound; `nil` if at no path.
    static func requireListening(_ descriptor: Int32) throws(EventLoopError) -> String? {
        guard option(SO_ACCEPTCONN, descriptor) == 1, option(SO_DOMAIN, descriptor) == AF_UNIX,
            option(SO_TYPE, descriptor) == Int32(SOCK_STREAM.rawValue)
        else {
            throw EventLoopError(
                .notASocket, "descriptor \(descriptor) is not a Unix socket that listens")
        }
        return SocketPath.bound(descriptor)
    }

    /// Checks that an inherited descriptor is what it is said to be.
    static func check(_ descriptor: Int32, listensAt path: String) throws(EventLoopError) {
        let bound = try requireListening(descriptor)
        guard bound == path else {
            throw EventLoopError(
                .notASocket,
                "the inherited socket listens at \(bound ?? "no path"), not at \(path)")
        }
    }

    private static func option(_ name: Int32, _ descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var count = socklen_t(MemoryLayout<Int32>.size)
        let status = unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &count)
        return status == 0 ? value : nil
    }
}

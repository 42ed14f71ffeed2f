internal import Glibc

/// The file of a socket: what `lstat` says of it.
struct SocketFile: Equatable {
    private let device: dev_t
    private let inode: ino_t

    /// - Returns: `nil`, with `errno`, if there is nothing at `path`.
    init?(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
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
        device = status.st_dev
        inode = status.st_ino
    }
}

extension SocketFile {
    static func makeDirectory(of path: String) throws(EventLoopError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        guard unsafe mkdir(directory, 0o700) != 0, errno != EEXIST else { return }
        throw EventLoopError(errno: errno, "cannot make the directory \(directory)")
    }

    /// To be called by the owner of the path's lock.
    static func removeStale(_ path: String) throws(EventLoopError) {
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
        guard unsafe unlink(path) == 0 else {
            throw EventLoopError(errno: errno, "cannot remove the stale socket \(path)")
        }
    }

    static func bind(_ address: SocketPath) throws(EventLoopError) -> Int32 {
        do throws(SystemError) {
            return try unsafe address.socket { descriptor, address, count in
                // The socket file gets its mode from the descriptor's at bind: there is no moment
                // in which others could connect, and the process's umask stays as it is.
                guard fchmod(descriptor, 0o600) == 0 else { return -1 }
                return unsafe Glibc.bind(descriptor, address, count)
            }
        } catch {
            throw EventLoopError(errno: error.code, "cannot bind \(address.path)")
        }
    }

    /// Checks that an inherited descriptor is what it is said to be.
    static func check(_ descriptor: Int32, listensAt path: String) throws(EventLoopError) {
        guard option(SO_ACCEPTCONN, descriptor) == 1, option(SO_DOMAIN, descriptor) == AF_UNIX,
            option(SO_TYPE, descriptor) == Int32(SOCK_STREAM.rawValue)
        else {
            throw EventLoopError(
                .notASocket, "descriptor \(descriptor) is not a Unix socket that listens")
        }
        let bound = SocketPath.bound(descriptor)
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

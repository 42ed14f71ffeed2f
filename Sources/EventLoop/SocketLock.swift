internal import Glibc

/// The right to serve a path: an exclusive lock on the file `PATH.lock`, until released or the
/// process ends; with a process that has inherited it, until both have.
///
/// The lock's owner alone may remove a socket that a crash has left behind. The file stays: to
/// remove it would let two processes hold a lock each, on two files of the same name.
struct SocketLock: ~Copyable {
    let descriptor: Int32

    init(_ path: String) throws(EventLoopError) {
        let name = path + ".lock"
        // Not to wait at a pipe.
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let file = unsafe open(name, flags, 0o600)
        guard file >= 0 else {
            guard errno != ELOOP else {
                throw EventLoopError(.notTrusted, "\(name) is a symbolic link: remove it")
            }
            throw EventLoopError(errno: errno, "cannot open \(name)")
        }
        var status = stat()
        guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid()
        else {
            Glibc.close(file)
            throw EventLoopError(
                .notTrusted, "\(name) is not a file of user \(geteuid()), who runs this: remove it")
        }
        // Until the property is set, nothing but this closes the file: deinit does not run.
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            Glibc.close(file)
            guard code == EWOULDBLOCK else {
                throw EventLoopError(errno: code, "cannot lock \(name)")
            }
            throw EventLoopError(
                .addressInUse,
                "\(path) is served by another process: stop that, or choose another path")
        }
        descriptor = file
    }

    /// Takes over a lock that another process holds by the same open file: see ``check(_:of:)``.
    init(inheriting descriptor: Int32) { self.descriptor = descriptor }

    /// Checks that an inherited descriptor holds the lock of `path`.
    static func check(_ descriptor: Int32, of path: String) throws(EventLoopError) {
        let name = path + ".lock"
        var (inherited, named) = (stat(), stat())
        guard unsafe fstat(descriptor, &inherited) == 0, unsafe lstat(name, &named) == 0,
            inherited.st_dev == named.st_dev, inherited.st_ino == named.st_ino
        else {
            throw EventLoopError(
                .addressInUse, "descriptor \(descriptor) is not the lock file \(name)")
        }
        // Nothing new for who holds it; refused to who has opened the file anew.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw EventLoopError(
                .addressInUse, "descriptor \(descriptor) does not hold the lock of \(name)")
        }
    }

    deinit { Glibc.close(descriptor) }
}

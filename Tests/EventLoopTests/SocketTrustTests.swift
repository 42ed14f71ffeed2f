import EventLoop
import Foundation
import Testing

/// A listener where somebody else has been before, or may write.
struct SocketTrustTests {
    private let directory = TemporaryDirectory()

    private func listen(
        _ loop: Loop, _ path: String, _ permissions: SocketPermissions = SocketPermissions()
    ) throws -> LoopBound<PipeListener> {
        try loop.sync { () throws(EventLoopError) in
            var settings = PipeListener.Settings()
            settings.permissions = permissions
            return LoopBound(
                try PipeListener(path: path, loop: loop, settings: settings) { _, _ in }, to: loop)
        }
    }

    private func refusal(at path: String) throws -> EventLoopError? {
        try withLoop { loop in
            #expect(throws: EventLoopError.self) { _ = try listen(loop, path) }
        }
    }

    private func status(_ path: String) -> stat {
        var status = stat()
        unsafe lstat(path, &status)
        return status
    }

    private func mode(_ path: String) -> mode_t { status(path).st_mode & 0o7777 }

    // MARK: The path

    @Test func linkAtThePathIsNotFollowed() throws {
        let target = directory.path + "/target"
        try "mine".write(toFile: target, atomically: false, encoding: .utf8)
        for destination in [target, directory.path + "/absent", "/dev/null"] {
            unsafe unlink(directory.socket)
            unsafe symlink(destination, directory.socket)
            #expect(try refusal(at: directory.socket)?.code == .notASocket)
            #expect(status(directory.socket).st_mode & S_IFMT == S_IFLNK, "it is left alone")
        }
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "mine")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/absent"))
    }

    /// Service managers, and programs that know nothing of locks.
    @Test func pathServedWithoutALockIsNotTaken() throws {
        let other = try #require(listeningSocket(at: directory.socket))
        #expect(try refusal(at: directory.socket)?.code == .addressInUse)
        // Nor while its queue is full, and it takes nobody.
        Glibc.listen(other, 0)
        let loop = try Loop()
        let error = #expect(throws: EventLoopError.self) {
            while true {
                try loop.sync { [path = directory.socket] () throws(EventLoopError) in
                    _ = try PipeConnection.connect(to: path, loop: loop)
                }
            }
        }
        #expect(error?.code == .busy)
        #expect(try refusal(at: directory.socket)?.code == .addressInUse)
        loop.stopAndWait()
        close(other)
        _ = try withLoop { try listen($0, directory.socket) }
    }

    @Test func replacedDirectoryIsNotCleared() throws {
        try withLoop { loop in
            let path = directory.path + "/run/s"
            _ = try listen(loop, path)
            try FileManager.default.moveItem(
                atPath: directory.path + "/run", toPath: directory.path + "/away")
            let other = try #require(
                { () -> Int32? in
                    unsafe mkdir(directory.path + "/run", 0o700)
                    return listeningSocket(at: path)
                }())
            defer { close(other) }
            loop.stopAndWait()
            #expect(status(path).st_mode & S_IFMT == S_IFSOCK, "another's socket stays")
        }
    }

    // MARK: The lock

    @Test func whatIsNoLockIsRefused() throws {
        let lock = directory.socket + ".lock"
        let target = directory.path + "/target"
        try "mine".write(toFile: target, atomically: false, encoding: .utf8)
        let makers: [() -> Int32] = [
            { unsafe symlink(target, lock) }, { unsafe symlink("/absent", lock) },
            { unsafe mkfifo(lock, 0o600) },
        ]
        for make in makers {
            unsafe unlink(lock)
            try #require(make() == 0)
            let error = try refusal(at: directory.socket)
            #expect(error?.code == .notTrusted)
            #expect(error?.message.contains(lock) == true)
        }
        unsafe unlink(lock)
        unsafe mkdir(lock, 0o700)
        #expect(try refusal(at: directory.socket)?.message.contains(lock) == true)
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "mine")
        #expect(!FileManager.default.fileExists(atPath: directory.socket))
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make another's file"))
    func anothersLockIsRefused() throws {
        let lock = directory.socket + ".lock"
        try Data().write(to: URL(filePath: lock))
        unsafe chown(lock, 65_534, 65_534)
        #expect(try refusal(at: directory.socket)?.code == .notTrusted)
    }

    // MARK: The directory

    @Test(arguments: [0o777, 0o770, 0o702])
    func directoryThatOthersMayWriteToIsRefused(mode: Int) throws {
        let open = directory.path + "/open"
        unsafe mkdir(open, 0o700)
        unsafe chmod(open, mode_t(mode))
        let error = try refusal(at: open + "/s")
        #expect(error?.code == .notTrusted)
        #expect(error?.message.contains("chmod go-w '\(open)'") == true)
        // Nor one below it, which could be renamed.
        unsafe mkdir(open + "/inner", 0o700)
        #expect(try refusal(at: open + "/inner/s")?.code == .notTrusted)
        // Nor by another name.
        unsafe symlink(open + "/inner", directory.path + "/link")
        #expect(try refusal(at: directory.path + "/link/s")?.code == .notTrusted)
        #expect(try FileManager.default.contentsOfDirectory(atPath: open) == ["inner"])
    }

    @Test func stickyDirectoryMayBeOpenToAll() throws {
        unsafe chmod(directory.path, 0o1777)
        try withLoop { loop in
            _ = try listen(loop, directory.socket)
            #expect(mode(directory.socket) == 0o600)
        }
        #expect(mode(directory.path) == 0o1777, "a directory that was there is left as it is")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make another's directory"))
    func anothersDirectoryIsRefused() throws {
        let other = directory.path + "/other"
        unsafe mkdir(other, 0o755)
        unsafe chown(other, 65_534, 65_534)
        let error = try refusal(at: other + "/s")
        #expect(error?.code == .notTrusted)
        #expect(error?.message.contains("user 65534") == true)
    }

    // MARK: Modes

    @Test(arguments: [0, 0o077, 0o777] as [mode_t])
    func modesAreExactWhateverTheMask(mask: mode_t) async throws {
        // The mask is the process': a child of its own, since other tests make files too.
        await #expect(processExitsWith: .success) { [mask] in
            umask(mask)
            let directory = TemporaryDirectory()
            let test = SocketTrustTests()
            try withLoop { loop in
                let path = directory.path + "/new/s"
                unsafe chmod(directory.path, 0o700)
                _ = try test.listen(
                    loop, path, SocketPermissions(mode: 0o660, group: getegid()))
                #expect(test.mode(path) == 0o660)
                #expect(test.mode(directory.path + "/new") == 0o750)
                let open = directory.path + "/open/s"
                _ = try test.listen(loop, open, SocketPermissions(mode: 0o666))
                #expect(test.mode(open) == 0o666)
                #expect(test.mode(directory.path + "/open") == 0o755)
            }
            unsafe chmod(directory.path, 0o700)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root is in every group"))
    func socketAndItsDirectoryGetTheGroup() throws {
        try withLoop { loop in
            let path = directory.path + "/new/s"
            _ = try listen(loop, path, SocketPermissions(mode: 0o660, group: 12_345))
            #expect(status(path).st_gid == 12_345 && mode(path) == 0o660)
            #expect(status(directory.path + "/new").st_gid == 12_345)
            // One that was there keeps its own.
            unsafe mkdir(directory.path + "/old", 0o700)
            _ = try listen(
                loop, directory.path + "/old/s", SocketPermissions(mode: 0o660, group: 12_345))
            #expect(status(directory.path + "/old").st_gid == getegid())
            #expect(mode(directory.path + "/old") == 0o700)
        }
    }
}

import EventLoop
import Foundation
import Testing

/// The path of a listener: its mode, its lock, its successors.
struct SocketFileTests {
    private let directory = TemporaryDirectory()

    private func listen(_ loop: Loop, _ path: String) throws -> LoopBound<PipeListener> {
        try loop.sync { () throws(EventLoopError) in
            LoopBound(try PipeListener(path: path, loop: loop) { _, _ in }, to: loop)
        }
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func socketAndItsDirectoryAreTheOwnersAlone() throws {
        try withLoop { loop in
            let path = directory.path + "/new/s"
            _ = try listen(loop, path)
            #expect(mode(path) == 0o600)
            #expect(mode(directory.path + "/new") == 0o700)
        }
    }

    @Test func longPathIsRefusedNotCut() throws {
        try withLoop { loop in
            let room = 107 - directory.path.utf8.count - 1
            let longest = directory.path + "/" + String(repeating: "x", count: room)
            _ = try listen(loop, longest)
            #expect(FileManager.default.fileExists(atPath: longest))
            let error = #expect(throws: EventLoopError.self) { _ = try listen(loop, longest + "x") }
            #expect(error?.code == .pathTooLong)
            let clientError = #expect(throws: EventLoopError.self) {
                try loop.sync { () throws(EventLoopError) in
                    _ = try PipeConnection.connect(to: longest + "x", loop: loop)
                }
            }
            #expect(clientError?.code == .pathTooLong)
        }
    }

    @Test func servedPathIsRefused() throws {
        try withLoop { loop in
            let first = try listen(loop, directory.socket)
            let error = #expect(throws: EventLoopError.self) {
                _ = try listen(loop, directory.socket)
            }
            #expect(error?.code == .addressInUse)
            #expect(FileManager.default.fileExists(atPath: directory.socket))
            withExtendedLifetime(first) {}
        }
    }

    @Test func staleSocketIsTakenOver() throws {
        // As a crash leaves it: bound, and nobody has it open.
        close(try #require(boundSocket(at: directory.socket)))
        try withLoop { loop in
            let dead = #expect(throws: EventLoopError.self) {
                try loop.sync { [path = directory.socket] () throws(EventLoopError) in
                    _ = try PipeConnection.connect(to: path, loop: loop)
                }
            }
            #expect(dead?.code == .noListener)
            _ = try listen(loop, directory.socket)
            try loop.sync { [path = directory.socket] () throws(EventLoopError) in
                _ = try PipeConnection.connect(to: path, loop: loop)
            }
        }
    }

    @Test func otherFilesAreLeftAlone() throws {
        try "mine".write(toFile: directory.socket, atomically: true, encoding: .utf8)
        try withLoop { loop in
            let error = #expect(throws: EventLoopError.self) {
                _ = try listen(loop, directory.socket)
            }
            #expect(error?.code == .notASocket)
        }
        #expect(try String(contentsOfFile: directory.socket, encoding: .utf8) == "mine")
    }

    @Test func closeRemovesTheSocketAndFreesThePath() throws {
        try withLoop { loop in
            let first = try listen(loop, directory.socket)
            try loop.sync { first.value.close() }
            #expect(!FileManager.default.fileExists(atPath: directory.socket))
            _ = try listen(loop, directory.socket)
        }
        #expect(!FileManager.default.fileExists(atPath: directory.socket), "stop closes too")
    }

    @Test func closeLeavesASuccessorsSocket() throws {
        try withLoop { loop in
            let first = try listen(loop, directory.socket)
            // A successor that does not know of locks.
            unsafe unlink(directory.socket)
            try "another".write(toFile: directory.socket, atomically: false, encoding: .utf8)
            try loop.sync { first.value.close() }
            #expect(FileManager.default.fileExists(atPath: directory.socket))
        }
    }

    @Test func absentSocketIsNoListener() throws {
        try withLoop { loop in
            let error = #expect(throws: EventLoopError.self) {
                try loop.sync { [path = directory.socket] () throws(EventLoopError) in
                    _ = try PipeConnection.connect(to: path, loop: loop)
                }
            }
            #expect(error?.code == .noListener)
        }
    }
}

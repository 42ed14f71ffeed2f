import Foundation
import Glibc
import Testing

/// A program that a test starts as a service manager would: with descriptors, signals and variables
/// of its choice.
final class Spawned {
    let process: pid_t
    private let log: String
    private var status: Int32?

    /// - Parameters:
    ///   - command: a shell's: `exec` gives way to the program, whose id it has.
    ///   - descriptors: of this process, by their numbers there.
    ///   - blocked: signals.
    init(
        _ command: String, in folder: URL, environment: [String: String] = [:],
        descriptors: [Int32: Int32] = [:], blocked: [Int32] = []
    ) throws {
        log = folder.path + "/log-\(UInt32.random(in: 0...UInt32.max))"
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        for (there, here) in descriptors {
            unsafe posix_spawn_file_actions_adddup2(&actions, here, there)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in blocked { unsafe sigaddset(&signals, signal) }
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var variables = ProcessInfo.processInfo.environment
        for name in ["XDG_RUNTIME_DIR", "STATE_DIRECTORY"] { variables[name] = nil }
        variables["XDG_STATE_HOME"] = folder.path + "/state"
        variables.merge(environment) { $1 }
        let arguments = ["/bin/sh", "-c", command]
        var words = unsafe arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        var pairs = unsafe variables.map { unsafe strdup("\($0.key)=\($0.value)") }
        unsafe pairs.append(nil)
        defer { unsafe (words + pairs).forEach { unsafe free($0) } }
        var process = pid_t()
        let result = unsafe posix_spawn(
            &process, "/bin/sh", &actions, &attributes, words, pairs)
        self.process = process
        try #require(result == 0)
    }

    deinit {
        guard status == nil else { return }
        kill(process, SIGKILL)
        wait()
    }

    /// The program of this build.
    static func path(_ name: String) -> String { Program.folder.path + "/" + name }

    var output: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// - Returns: its exit status, or 128 and the signal that has ended it.
    @discardableResult
    func wait() -> Int32 {
        if let status { return status }
        var word: Int32 = 0
        while unsafe waitpid(process, &word, 0) < 0, errno == EINTR {}
        let signal = word & 0x7f
        let status = signal == 0 ? word >> 8 & 0xff : 128 + signal
        self.status = status
        return status
    }

    func stop() -> Int32 {
        kill(process, SIGTERM)
        return wait()
    }
}

/// A Unix socket as a service manager makes it.
struct ManagerSocket {
    let descriptor: Int32

    /// - Parameter type: a stream socket listens.
    init(_ path: String, _ type: __socket_type = SOCK_STREAM) throws {
        // Above the numbers that it gets in a child.
        let low = socket(AF_UNIX, Int32(type.rawValue), 0)
        descriptor = fcntl(low, F_DUPFD_CLOEXEC, 32)
        Glibc.close(low)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8)
        }
        let status = unsafe withUnsafePointer(to: address) {
            unsafe bind(
                descriptor, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        try #require(status == 0)
        if type == SOCK_STREAM { listen(descriptor, 64) }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    func close() { Glibc.close(descriptor) }

    /// Reads datagrams until one has a line that begins so.
    /// - Returns: the rest of the line; `nil` if none comes.
    func line(_ start: String) -> String? {
        for _ in 0..<1000 {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
            guard count >= 0 else { return nil }
            let text = String(decoding: bytes.prefix(count), as: UTF8.self)
            for line in text.split(separator: "\n") where line.hasPrefix(start) {
                return String(line.dropFirst(start.count))
            }
        }
        return nil
    }
}

internal import EventLoop
internal import Foundation
internal import Glibc

/// A process that has been started to serve in place of this one.
struct Successor {
    /// So much of what it says is kept, in bytes.
    static let maximumOutput = 4096
    /// How often it is looked whether it lives, and is still wanted, in milliseconds.
    private static let interval: Int32 = 50
    /// One that has closed its pipe has so long to end.
    private static let lastBreath = Duration.seconds(1)

    let process: pid_t
    private let output: Int32

    /// Starts a program with nothing open but the standard descriptors and those handed over, and
    /// no signal blocked.
    ///
    /// - Parameters:
    ///   - program: what is executed.
    ///   - arguments: from its name on.
    init(
        _ program: String, _ arguments: [String], _ listeners: [ListenerDescriptors]
    ) throws(UpgradeFailure) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            throw UpgradeFailure(.start, .startFailed, "cannot make a pipe: \(Self.message(errno))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let handedOver = listeners.flatMap { [$0.socket] + ($0.lock.map { [$0] } ?? []) }
        for descriptor in handedOver + [ends[1]] {
            // Onto itself: it is inherited though it is close-on-exec here.
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let inherited = Predecessor.text(listeners, pipe: ends[1])
        var words = unsafe (arguments + [Predecessor.option, inherited]).map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process = pid_t()
        let status = unsafe posix_spawn(&process, program, &actions, &attributes, words, environ)
        guard status == 0 else {
            close(ends[0])
            throw UpgradeFailure(
                .start, .startFailed, "cannot start \(program): \(Self.message(status))")
        }
        self.process = process
        output = ends[0]
    }

    /// Waits until it serves; otherwise it has ended when this throws, or has been told to.
    ///
    /// - Parameter isWanted: asked again and again.
    func waitUntilReady(
        _ limit: Duration, while isWanted: () -> Bool
    ) throws(UpgradeFailure) -> (pid: Int, version: String) {
        defer { close(output) }
        var deadline = ContinuousClock.now + limit
        var said: [UInt8] = []
        var isOpen = true
        while isWanted() {
            if isOpen {
                isOpen = listen(&said)
                if let ready = Self.ready(in: said) {
                    reapLater()
                    return ready
                }
                if !isOpen { deadline = min(deadline, .now + Self.lastBreath) }
            } else {
                usleep(UInt32(Self.interval) * 1000)
            }
            if let end = reap(WNOHANG) {
                // It may have spoken between the look at its pipe and its end.
                while isOpen, listen(&said), hasMore() {}
                throw failed(.successorFailed, end, said)
            }
            guard ContinuousClock.now < deadline else {
                kill(process, SIGKILL)
                _ = reap(0)
                guard isOpen else { throw failed(.successorFailed, "has closed its pipe", said) }
                throw failed(.successorHung, "did not serve within \(limit)", said)
            }
        }
        kill(process, SIGTERM)
        reapLater()
        throw UpgradeFailure(.ready, .shuttingDown, "the daemon is shutting down")
    }

    private func failed(
        _ code: UpgradeFailure.Code, _ what: String, _ said: [UInt8]
    ) -> UpgradeFailure {
        var message = "the new process \(what)"
        // A crash is told with its reason first.
        let lines = Self.text(said).split(separator: "\n").prefix(8)
        if !lines.isEmpty { message += ": " + lines.joined(separator: " / ") }
        return UpgradeFailure(
            .ready, code, message + "; what it has logged is in this daemon's log")
    }
}

// MARK: - What it says

extension Successor {
    /// Reads what there is; waits for it one interval at most.
    ///
    /// - Returns: `false` at the end.
    private func listen(_ said: inout [UInt8]) -> Bool {
        guard hasMore(within: Self.interval) else { return true }
        var buffer = [UInt8](repeating: 0, count: Self.maximumOutput)
        let count = unsafe read(output, &buffer, buffer.count)
        guard count > 0 else { return count < 0 && errno == EINTR }
        said += buffer[..<count]
        // The last words count.
        said.removeFirst(max(0, said.count - Self.maximumOutput))
        return true
    }

    private func hasMore(within milliseconds: Int32 = 0) -> Bool {
        var poller = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&poller, 1, milliseconds) > 0
    }

    private static func ready(in said: [UInt8]) -> (pid: Int, version: String)? {
        // A line that has not ended may go on.
        for line in text(said).split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ", maxSplits: 2)
            guard words.count == 3, words[0] == "ready", let pid = Int(words[1]), pid > 0 else {
                continue
            }
            return (pid, String(words[2]))
        }
        return nil
    }

    /// Without control characters but the ends of lines.
    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.filter { $0 >= 0x20 || $0 == 0x0A }, as: UTF8.self)
    }
}

// MARK: - How it ends

extension Successor {
    /// Leaves it to itself; should it end before this process, nothing of it stays.
    private func reapLater() {
        let process = process
        let thread = Thread {
            var status: Int32 = 0
            while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        }
        thread.name = "voken-reaper"
        thread.start()
    }

    /// - Returns: how it has ended; `nil` if it has not.
    private func reap(_ options: Int32) -> String? {
        var status: Int32 = 0
        var reaped: pid_t
        repeat {
            reaped = unsafe waitpid(process, &status, options)
        } while reaped < 0 && errno == EINTR
        guard reaped == process else { return nil }
        let signal = status & 0x7f
        return signal == 0
            ? "ended with status \(status >> 8 & 0xff)" : "was ended by signal \(signal)"
    }

    private static func message(_ number: Int32) -> String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}

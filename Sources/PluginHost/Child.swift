import Glibc

/// A child process whose output is kept, for a limited time.
struct Child {
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
        /// Nobody wants its answer any more.
        case stopped
    }

    private let process: pid_t
    private let output: Int32

    /// More output than this is read but not kept.
    private static let maximumOutput = 64 << 10
    /// How often it is looked whether a silent child has ended, in milliseconds.
    private static let interval = 5

    init(program: String, arguments: [String]) throws(PluginError) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw PluginError(.host, program, lastError()) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        // What this process ignores or blocks is not for the child to inherit.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process = pid_t()
        let status = unsafe posix_spawn(
            &process, program, &actions, &attributes, words, environ)
        guard status == 0 else {
            close(ends[0])
            throw PluginError(.host, program, "cannot start the probe: \(lastError(status))")
        }
        self.process = process
        output = ends[0]
    }

    /// Reads the output to its end and reaps the child; kills it when time is up, or when the
    /// answer is not wanted any more.
    func wait(milliseconds: Int, unless stop: ProbeStop) -> (end: End, output: String) {
        let deadline = monotonicMilliseconds() + milliseconds
        var kept: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        var end: End?
        var isOpen = true
        while end == nil {
            let left = max(0, deadline - monotonicMilliseconds())
            // One that has closed its output says nothing of its end: it is looked for.
            let pause = isOpen ? left : min(left, Self.interval)
            let event = wait(for: isOpen ? output : -1, or: stop.descriptor, milliseconds: pause)
            switch event {
            case .output:
                let count = unsafe read(output, &buffer, buffer.count)
                if count > 0, kept.count < Self.maximumOutput { kept += buffer[0..<count] }
                isOpen = count > 0 || count < 0 && errno == EINTR
            case .stop: end = kill(as: .stopped)
            case .nothing where isOpen || left == 0: end = kill(as: .timedOut)
            case .nothing: break
            }
            if end == nil, !isOpen { end = reap(WNOHANG) }
        }
        close(output)
        return (end ?? .timedOut, String(decoding: kept, as: UTF8.self))
    }

    private enum Event { case output, stop, nothing }

    /// - Parameter output: not looked at if it is negative.
    private func wait(for output: Int32, or stop: Int32, milliseconds: Int) -> Event {
        var pollers = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
        ]
        var ready: Int32
        repeat {
            ready = unsafe poll(&pollers, 2, Int32(clamping: milliseconds))
        } while ready < 0 && errno == EINTR
        if pollers[1].revents != 0 { return .stop }
        return pollers[0].revents != 0 ? .output : .nothing
    }

    private func kill(as end: End) -> End {
        Glibc.kill(process, SIGKILL)
        _ = reap(0)
        return end
    }

    /// - Returns: `nil` if it has not ended.
    private func reap(_ options: Int32) -> End? {
        var status: Int32 = 0
        var reaped: pid_t
        repeat {
            reaped = unsafe waitpid(process, &status, options)
        } while reaped < 0 && errno == EINTR
        return reaped == process ? end(status) : nil
    }

    /// As the macros of `wait(2)` read a status.
    private func end(_ status: Int32) -> End {
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }
}

private func monotonicMilliseconds() -> Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

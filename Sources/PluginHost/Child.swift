import Glibc

/// A child process whose output is kept, for a limited time.
struct Child {
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
    }

    private let process: pid_t
    private let output: Int32

    /// More output than this is read but not kept.
    private static let maximumOutput = 64 << 10

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
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process = pid_t()
        let status = unsafe posix_spawn(&process, program, &actions, nil, words, environ)
        guard status == 0 else {
            close(ends[0])
            throw PluginError(.host, program, "cannot start the probe: \(lastError(status))")
        }
        self.process = process
        output = ends[0]
    }

    /// Reads the output to its end and reaps the child; kills it when time is up.
    func wait(milliseconds: Int) -> (end: End, output: String) {
        let deadline = monotonicMilliseconds() + milliseconds
        var kept: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        var timedOut = false
        while true {
            var poller = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            let left = max(0, deadline - monotonicMilliseconds())
            let ready = unsafe poll(&poller, 1, Int32(left))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else {
                timedOut = true
                kill(process, SIGKILL)
                break
            }
            let count = unsafe read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            if kept.count < Self.maximumOutput { kept += buffer[0..<count] }
        }
        close(output)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        return (end(status, timedOut: timedOut), String(decoding: kept, as: UTF8.self))
    }

    /// As the macros of `wait(2)` read a status.
    private func end(_ status: Int32, timedOut: Bool) -> End {
        if timedOut { return .timedOut }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }
}

private func monotonicMilliseconds() -> Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

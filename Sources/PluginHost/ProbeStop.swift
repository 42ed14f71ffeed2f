import Glibc
import Synchronization

/// Ends the probes that run, and all that are begun later: nobody waits for their answers.
final class ProbeStop: Sendable {
    /// The end of a pipe, which polls as hung up from the stop on, for all who poll.
    let descriptor: Int32
    private let otherEnd: Mutex<Int32?>

    init() throws(PluginError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw PluginError(.host, "pipe", lastError()) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        descriptor = ends[0]
        otherEnd = Mutex(ends[1])
    }

    deinit {
        stop()
        close(descriptor)
    }

    func stop() {
        otherEnd.withLock { end in
            if let end { close(end) }
            end = nil
        }
    }
}

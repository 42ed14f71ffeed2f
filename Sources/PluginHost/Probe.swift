import Glibc
import Stages

/// Loads a plugin in a child process first, where a crash, a trap or a hang is only an answer.
///
/// It cannot promise anything about later inputs: code that traps on those still ends the host.
public struct Probe: Sendable {
    /// The path of `voken-probe`.
    public let program: String
    public let milliseconds: Int

    public init(program: String, milliseconds: Int = 5000) {
        self.program = program
        self.milliseconds = milliseconds
    }

    /// - Parameters:
    ///   - copy: the private copy that will be loaded.
    ///   - path: the file it is a copy of, for the message.
    func check(_ copy: String, of path: String) throws(PluginError) {
        let child = try Child(program: program, arguments: [copy])
        let answer = child.wait(milliseconds: milliseconds)
        // What went wrong comes first; a backtrace may follow.
        let output = answer.output.split(separator: "\n").prefix(12).joined(separator: "\n")
        switch answer.end {
        case .exited(0): return
        case .exited(let status):
            throw PluginError(.probeFailed, path, "the probe refused it (\(status)): \(output)")
        case .signalled(let signal):
            throw PluginError(.probeFailed, path, "crashed the probe, signal \(signal): \(output)")
        case .timedOut:
            throw PluginError(
                .probeFailed, path, "no answer from the probe in \(milliseconds) ms: \(output)")
        }
    }
}

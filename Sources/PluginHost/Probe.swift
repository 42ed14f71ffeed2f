import Glibc
import Stages

/// Loads a plugin in a child process first, where a crash, a trap or a hang is only an answer.
///
/// It cannot promise anything about later inputs: code that traps on those still ends the host.
public struct Probe: Sendable {
    /// The path of `voken-probe`.
    public let program: String
    public let milliseconds: Int

    /// What the program prints before it begins a phase.
    public static func mark(_ phase: LoadPhase) -> String { "voken-probe: \(phase.rawValue)" }

    /// What it prints of why it refuses a plugin.
    public static func mark(_ code: PluginError.Code) -> String {
        "voken-probe: \(code.rawValue)"
    }

    public init(program: String, milliseconds: Int = 30_000) {
        self.program = program
        self.milliseconds = milliseconds
    }

    /// - Parameters:
    ///   - copy: the private copy that will be loaded.
    ///   - path: the file it is a copy of, for the message.
    ///   - request: a stage to make and check as well.
    ///   - stop: ends the probe early.
    func check(
        _ copy: String, of path: String, request: ProbeRequest? = nil, unless stop: ProbeStop
    ) throws(PluginError) {
        let arguments = request.map { ["--stage", $0.json] } ?? []
        let child = try Child(program: program, arguments: arguments + [copy])
        let answer = child.wait(milliseconds: milliseconds, unless: stop)
        let lines = answer.output.split(separator: "\n").map(String.init)
        let phase = LoadPhase.allCases.last { lines.contains(Self.mark($0)) } ?? .load
        let code = PluginError.Code.allCases.last { lines.contains(Self.mark($0)) }
        // What went wrong comes first; a backtrace may follow.
        let output = lines.filter { !$0.hasPrefix("voken-probe: ") }.prefix(12)
            .joined(separator: "\n")
        func fail(
            _ load: PluginError.Code, _ construct: PluginError.Code, _ selfTest: PluginError.Code,
            _ what: String
        ) -> PluginError {
            let code =
                switch phase {
                case .construct: construct
                case .selfTest: selfTest
                default: load
                }
            return PluginError(code, path, output.isEmpty ? what : "\(what): \(output)")
        }
        switch answer.end {
        case .exited(0): return
        case .exited(let status):
            if let code { throw PluginError(code, path, output) }
            throw fail(
                .unresolved, .constructorThrew, .selfTestFailed,
                "the probe refused it (\(status))")
        case .signalled(let signal):
            throw fail(
                .loadCrashed, .constructorCrashed, .selfTestCrashed,
                "crashed the probe, signal \(signal)")
        case .timedOut:
            throw fail(
                .loadHung, .constructorHung, .selfTestHung,
                "no answer from the probe in \(milliseconds) ms")
        case .stopped:
            throw PluginError(.host, path, "the probe was given up: this process is about to end")
        }
    }
}

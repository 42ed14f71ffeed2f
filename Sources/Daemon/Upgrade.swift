internal import EventLoop
internal import Foundation
internal import Logging
internal import PluginHost
internal import Synchronization

/// One upgrade, from the check of the program until the new process serves or does not. It works
/// on a thread of its own.
final class Upgrade: Sendable {
    enum Report: Sendable {
        case phase(UpgradePhase, detail: String, microseconds: Int)
        /// - Parameter process: this process' child, which need not be what serves if the program
        ///   is a wrapper.
        case ready(process: pid_t, pid: Int, version: String)
        case failed(UpgradeFailure)
    }

    private let settings: UpgradeSettings
    private let program: String
    private let listeners: [ListenerDescriptors]
    private let backend: any Backend
    private let isWanted = Atomic(true)

    /// - Parameters:
    ///   - listeners: are closed at the end.
    ///   - backend: whose stages the new process is to serve.
    init(
        _ settings: UpgradeSettings, to program: String?, _ listeners: [ListenerDescriptors],
        backend: any Backend
    ) {
        self.settings = settings
        self.program = program ?? settings.program
        self.listeners = listeners
        self.backend = backend
    }

    /// - Parameter report: called on that thread; `ready` or `failed` is the last.
    func start(_ report: @escaping @Sendable (Report) -> Void) {
        let thread = Thread { [self] in report(run(report)) }
        thread.name = "voken-upgrade"
        thread.start()
    }

    /// The new process is told to end, unless it serves already.
    func abandon() { isWanted.store(false, ordering: .relaxed) }

    private func run(_ report: (Report) -> Void) -> Report {
        defer { for listener in listeners { listener.close() } }
        var clock = Stopwatch()
        do throws(UpgradeFailure) {
            let file = try check()
            report(.phase(.check, detail: file, microseconds: clock.lap()))
            let successor = try Successor(file, [program] + settings.arguments, listeners)
            report(
                .phase(
                    .start, detail: "process \(successor.process)", microseconds: clock.lap()))
            let (pid, version) = try successor.waitUntilReady(settings.limit) {
                isWanted.load(ordering: .relaxed)
            }
            report(
                .phase(
                    .ready, detail: "process \(pid), version \(version)",
                    microseconds: clock.lap()))
            return .ready(process: successor.process, pid: pid, version: version)
        } catch {
            return .failed(error)
        }
    }

    /// - Returns: the program's file, links resolved.
    private func check() throws(UpgradeFailure) -> String {
        let file: String
        do throws(PluginError) {
            file = try TrustedProgram.require(program)
        } catch {
            throw UpgradeFailure(
                .check, error.isAboutTrust ? .notTrusted : .notFound, error.message)
        }
        do {
            try backend.writeDown()
        } catch {
            throw UpgradeFailure(.check, .startFailed, "cannot write down what serves: \(error)")
        }
        return file
    }
}

extension PluginError {
    fileprivate var isAboutTrust: Bool {
        code == .wrongOwner || code == .writableByOthers
    }
}

private struct Stopwatch {
    private var last = ContinuousClock.now

    /// Microseconds since the last call.
    mutating func lap() -> Int {
        let now = ContinuousClock.now
        defer { last = now }
        return Int((now - last) / .microseconds(1))
    }
}

extension Logger {
    func log(_ step: UpgradeProgress) {
        switch step {
        case .phase(let phase, let detail, let microseconds):
            notice(
                "upgrade",
                metadata: [
                    "phase": "\(phase.rawValue)", "detail": "\(detail)",
                    "milliseconds": "\(microseconds / 1000)",
                ])
        case .upgraded(let pid, let version):
            notice("upgraded", metadata: ["process": "\(pid)", "version": "\(version)"])
        case .failed(let failure):
            error(
                "upgrade failed",
                metadata: [
                    "phase": "\(failure.phase.rawValue)", "code": "\(failure.code.rawValue)",
                    "reason": "\(failure.message)",
                ])
        }
    }
}

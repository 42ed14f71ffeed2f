import Foundation
public import Glibc
public import VokenClient
public import Wire

/// A `vokend` with a socket, a state folder and a log of its own, started as often as needed.
public final class DaemonProcess {
    public let socket: String
    private let folder: String
    private let arguments: [String]
    private let program: String
    private var process: Process?

    /// - Parameters:
    ///   - pipeline: the text of its pipeline file.
    ///   - user: that it runs as; `nil` for ours. Only root may name one.
    public init(
        _ bench: Workbench, pipeline: String, user: uid_t? = nil, options: [String] = []
    ) throws {
        folder = try bench.makeFolder("daemon")
        socket = folder + "/run/voken.sock"
        let file = folder + "/pipeline.toml"
        try replace(file, with: Array(pipeline.utf8))
        let vokend = bench.programs + "/vokend"
        let own =
            [
                "--pipeline", file, "--socket", socket, "--state", folder + "/state", "--log-level",
                "warning",
            ] + options
        if let user {
            program = "/usr/bin/setpriv"
            arguments = ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", vokend] + own
        } else {
            program = vokend
            arguments = own
        }
        try FileManager.default.createDirectory(
            atPath: folder + "/run", withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        if let user {
            for path in [folder, folder + "/run"] { unsafe chown(path, user, user) }
        }
    }

    deinit { kill() }

    public var isRunning: Bool { process?.isRunning ?? false }

    public var identifier: pid_t { process?.processIdentifier ?? 0 }

    /// What lies in its state folder.
    public var stateFiles: [String] {
        let files = FileManager.default.enumerator(atPath: folder + "/state")
        return (files?.compactMap { $0 as? String } ?? []).sorted()
    }

    /// Starts it, and returns once it serves.
    public func start() throws {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment
        variables["XDG_RUNTIME_DIR"] = folder + "/run"
        process.environment = variables
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try openedLog()
        try process.run()
        self.process = process
        for _ in 0..<1500 {
            if let client = try? Client.connect(path: socket), (try? client.isServing()) == true {
                return
            }
            guard process.isRunning else { break }
            usleep(20_000)
        }
        kill()
        throw Failure("the daemon does not serve; its log ends with: \(logEnd)")
    }

    /// Ends it as a crash would.
    public func kill() {
        guard let process, process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// - Returns: the exit code.
    public func stop() -> Int32 {
        guard let process else { return 0 }
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    public func connect() throws -> Client { try Client.connect(path: socket) }

    /// The last lines that it wrote.
    public var logEnd: String {
        let text = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(3).joined(separator: " | ")
    }

    private func openedLog() throws -> FileHandle {
        let path = folder + "/log"
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure("cannot write \(path)") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

extension Client {
    /// Waits until no job runs and only what is kept for a rollback is in memory besides what
    /// serves, then until what was freed has gone back.
    public func settledStatus() throws -> StatusReply {
        for _ in 0..<3000 {
            let status = try status()
            let isDrained = status.generations.allSatisfy {
                $0.holders.isEmpty && $0.state != .draining
            }
            if status.running + status.queued == 0, isDrained {
                usleep(300_000)
                return try self.status()
            }
            usleep(10_000)
        }
        throw Failure("the daemon's jobs do not end")
    }
}

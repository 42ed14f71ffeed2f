import Foundation
import Synchronization

/// The programs of this build, run as a user would.
struct Program {
    /// The root of the checkout.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) {
        process.executableURL = Self.folder.appending(path: name)
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment
        variables["XDG_RUNTIME_DIR"] = nil
        process.environment = variables.merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
    }

    /// Starts it and waits for its end.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> Result {
        let program = Program(name, arguments, environment: environment)
        try program.process.run()
        return program.finish()
    }

    /// Waits for its end and reads all that it printed.
    func finish() -> Result {
        // Both pipes are drained at once: a program blocks on a full one.
        let errors = self.errors
        let errorData = Mutex(Data())
        let reader = Thread {
            let data = errors.fileHandleForReading.readDataToEndOfFile()
            errorData.withLock { $0 = data }
        }
        reader.start()
        let outputData = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        while !reader.isFinished { usleep(1000) }
        return Result(
            status: process.terminationStatus, output: String(decoding: outputData, as: UTF8.self),
            errors: String(decoding: errorData.withLock { $0 }, as: UTF8.self))
    }
}

/// A folder of a test's own.
func temporaryFolder() throws -> URL {
    // Short: a socket's path has at most 107 bytes.
    let name = "vk-" + UUID().uuidString.prefix(8)
    let url = URL(filePath: "/tmp").appending(path: name)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
}

/// A running `vokend`.
struct Daemon {
    let program: Program
    let socket: URL

    /// Returns once the socket answers.
    init(in folder: URL, _ arguments: [String] = []) throws {
        socket = folder.appending(path: "run/voken.sock")
        program = Program("vokend", ["--socket", socket.path] + arguments)
        try program.process.run()
        for _ in 0..<600 {
            let status = try Program.run("voken", ["status", "--socket", socket.path])
            if status.status == 0 { return }
            guard program.process.isRunning else { break }
            usleep(50_000)
        }
        program.process.terminate()
        throw DaemonFailure(errors: program.finish().errors)
    }

    func stop() -> Program.Result {
        program.process.terminate()
        return program.finish()
    }
}

struct DaemonFailure: Error {
    let errors: String
}

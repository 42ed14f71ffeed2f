import Foundation
import Glibc
import Synchronization

/// The programs of this build, run as a user would.
struct Program {
    /// The root of the checkout.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    /// Of the daemons of this run; each socket has a folder of its own in it.
    private static let state = "/tmp/voken-tests-\(ProcessInfo.processInfo.processIdentifier)"

    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    let process = Process()
    private let output = Pipe()
    private let errors = Pipe()
    private var openInput: Pipe?

    init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) {
        self.init(
            executable: Self.folder.appending(path: name), arguments, environment: environment)
    }

    /// - Parameter input: what it reads, to its end; `nil` for a pipe in which nothing ever comes.
    init(_ name: String, _ arguments: [String], input: String?) {
        self.init(name, arguments)
        let pipe = Pipe()
        process.standardInput = pipe
        guard let input else {
            openInput = pipe
            return
        }
        pipe.fileHandleForWriting.write(Data(input.utf8))
        try? pipe.fileHandleForWriting.close()
    }

    init(executable: URL, _ arguments: [String], environment: [String: String] = [:]) {
        process.executableURL = executable
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment
        for name in ["XDG_RUNTIME_DIR", "STATE_DIRECTORY"] { variables[name] = nil }
        // Nothing of the tests is kept in the user's home.
        variables["XDG_STATE_HOME"] = Self.state
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

    /// Ends it as a crash would.
    @discardableResult
    func kill() -> Result {
        Glibc.kill(process.processIdentifier, SIGKILL)
        return finish()
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
    init(
        in folder: URL, _ arguments: [String] = [], environment: [String: String] = [:]
    ) throws {
        socket = folder.appending(path: "run/voken.sock")
        program = Program(
            "vokend", ["--socket", socket.path] + arguments, environment: environment)
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

    /// Ends it as a crash would.
    @discardableResult
    func kill() -> Program.Result { program.kill() }
}

struct DaemonFailure: Error {
    let errors: String
}

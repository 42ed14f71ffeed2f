import BenchmarkSupport
import Foundation

/// A server in a process of its own, until this is dropped.
final class ServerProcess {
    let path: String
    private let process = Process()
    /// Its end tells a server that nobody is left.
    private let input = Pipe()

    /// - Parameter program: is given `serve PATH`, and says `ready` when it serves.
    init(_ bench: Workbench, _ program: String) throws {
        path = try bench.makeFolder("server") + "/s"
        let output = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = ["serve", path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        guard output.fileHandleForReading.availableData.starts(with: Data("ready".utf8)) else {
            throw Failure("\(program) does not serve")
        }
    }

    /// This program, which serves stories of bytes.
    convenience init(_ bench: Workbench) throws {
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path
        try self.init(bench, own)
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }
}

/// The peer that `Tests/Interop/build` makes of Go's ttrpc 1.2.4.
struct GoProgram {
    let path: String

    init(_ bench: Workbench) throws {
        path = bench.root + "/.build/interop/bin/peer-1.2.4"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Failure("there is no \(path): run Tests/Interop/build")
        }
    }

    /// - Returns: the numbers that it prints.
    func measure(_ socket: String, _ what: String, _ numbers: Int...) throws -> [Double] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: path)
        process.arguments = ["bench", socket, what] + numbers.map(String.init)
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let values = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard process.terminationStatus == 0, !values.isEmpty else {
            throw Failure("Go's client does not measure \(what)")
        }
        return values
    }
}

import Foundation
import Glibc

/// A program that speaks Go's ttrpc, as `Tests/Interop/build` makes it.
public struct GoPeer: Sendable {
    /// Debian 12's, which has no streams.
    public static let withoutStreams = GoPeer(version: "1.1.1")
    /// Debian 13's.
    public static let withStreams = GoPeer(version: "1.2.4")

    /// Why tests are skipped if ``isBuilt`` is false.
    public static let remedy = "run Tests/Interop/build, which needs a Debian mirror"

    public let version: String

    private var program: URL {
        URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: ".build/interop/bin/peer-\(version)")
    }

    public static var isBuilt: Bool {
        [withoutStreams, withStreams].allSatisfy {
            FileManager.default.isExecutableFile(atPath: $0.program.path)
        }
    }

    /// Runs it to its end.
    ///
    /// - Returns: what it printed.
    /// - Throws: ``ToolFailure`` with that, if it fails.
    @discardableResult
    public func run(_ arguments: String...) throws -> String {
        let output = Pipe()
        let process = process(arguments, output: output)
        process.standardError = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ToolFailure(output: text) }
        return text
    }

    /// Serves the test services.
    public func serve() throws -> GoServer { try GoServer(self) }

    fileprivate func process(_ arguments: [String], output: Pipe) -> Process {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        return process
    }
}

/// A ``GoPeer`` that serves, until this is dropped.
public final class GoServer {
    public let path: String
    private let folder: String
    private let process: Process
    /// Its end tells the server that nobody is left.
    private let input = Pipe()

    fileprivate init(_ peer: GoPeer) throws {
        folder = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))"
        path = folder + "/s"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        let output = Pipe()
        process = peer.process(["serve", path], output: output)
        process.standardInput = input
        try process.run()
        let line = output.fileHandleForReading.availableData
        guard line.starts(with: Data("ready".utf8)) else {
            throw ToolFailure(output: "the Go server does not start")
        }
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

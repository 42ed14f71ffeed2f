import Foundation
public import Glibc

/// Where the sections work: a folder of their own, and the build that they examine.
public final class Workbench {
    public let report: Report
    public let isQuick: Bool
    /// Of the checkout.
    public let root: String
    /// The release build's programs and plugins.
    public let programs: String
    /// Under `/tmp`, since a socket's path has at most 107 bytes; open to other users, whom one
    /// daemon runs as.
    public let folder: String
    private var serial = 0

    public init(_ report: Report, isQuick: Bool) throws {
        self.report = report
        self.isQuick = isQuick
        var url = URL(filePath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        root = url.path
        programs = root + "/.build/release"
        guard FileManager.default.isExecutableFile(atPath: programs + "/vokend") else {
            throw Failure("there is no \(programs)/vokend: run swift build -c release there")
        }
        folder = "/tmp/vk-\(getpid())"
        try Self.makeFolder(folder)
    }

    /// As many as the issue asks for, or a few.
    public func count(_ full: Int, quick: Int) -> Int { isQuick ? quick : full }

    /// A new folder in the bench's.
    public func makeFolder(_ name: String) throws -> String {
        serial += 1
        let path = "\(folder)/\(serial).\(name)"
        try Self.makeFolder(path)
        return path
    }

    public func remove() { try? FileManager.default.removeItem(atPath: folder) }

    public func model(_ name: String) -> String { "\(root)/etc/models/pocket/\(name)" }

    /// The release build's plugin.
    public func plugin(_ name: String) -> String { "\(programs)/lib\(name).so" }

    private static func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
    }
}

/// Why a section cannot go on.
public struct Failure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Replaces a file by renaming another over it.
public func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o644) throws {
    let part = path + ".part"
    try Data(bytes).write(to: URL(filePath: part))
    unsafe chmod(part, mode)
    guard unsafe rename(part, path) == 0 else { throw Failure("cannot rename \(part)") }
}

public func contents(of path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
}

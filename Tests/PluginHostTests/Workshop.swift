import Checkpoints
import Foundation
import Glibc
import PluginHost
import Stages
import Synchronization
import TestSupport
import Testing

/// The plugin that the tests copy, damage and rebuild.
func builtPlugin(_ name: String) -> String { "\(PluginHost.directoryOfProgram())/lib\(name).so" }

/// A folder of one test, removed at its end, with a host that searches it.
final class Workshop {
    let folder: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "voken-\(UUID())")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        folder = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func host(probe: Probe? = nil) throws -> PluginHost {
        try PluginHost(
            PluginHost.Configuration(
                directories: [folder], stateDirectory: folder + "/state", probe: probe))
    }

    /// Writes a file that belongs to us alone.
    @discardableResult
    func write(_ bytes: Data, as name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try bytes.write(to: URL(filePath: path))
        try setMode(0o755, of: path)
        return path
    }

    @discardableResult
    func copy(_ plugin: String, as name: String) throws -> String {
        try write(Data(contentsOf: URL(filePath: builtPlugin(plugin))), as: name)
    }

    func setMode(_ mode: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    /// The copies of images.
    func copies() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/state").sorted()
    }

    /// Compiles a plugin of one Swift file against this build's Kit.
    func compileSwift(_ source: String, module: String) throws -> String {
        try compilePlugin(
            source, module: module, in: folder, products: PluginHost.directoryOfProgram())
    }

    func compileC(_ source: String, as name: String) throws -> String {
        let file = "\(folder)/\(name).c"
        let plugin = "\(folder)/lib\(name).so"
        try source.write(toFile: file, atomically: true, encoding: .utf8)
        try runTool("clang", ["-shared", "-fPIC", file, "-o", plugin])
        return plugin
    }
}

/// Lines that stages have logged.
final class Log: Sendable {
    private let held = Mutex<[String]>([])
    var lines: [String] { held.withLock { $0 } }
    var context: StageContext {
        StageContext(model: nil, log: { line in self.held.withLock { $0.append(line) } })
    }
}

/// Expects a refusal with a code and a message that mentions something.
func expectRefused(
    _ code: PluginError.Code, _ mentioned: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    let error = #expect(throws: PluginError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error?.code == code, "\(error as Any)", sourceLocation: sourceLocation)
    #expect(
        error?.description.contains(mentioned) == true, "\(error as Any)",
        sourceLocation: sourceLocation)
}

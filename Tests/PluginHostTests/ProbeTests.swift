import Foundation
import PluginHost
import Stages
import Testing

/// A plugin that takes a process down takes the probe down, not the host.
@Suite struct ProbeTests {
    private let workshop: Workshop
    private let host: PluginHost

    init() throws {
        workshop = try Workshop()
        let program = "\(PluginHost.directoryOfProgram())/voken-probe"
        host = try workshop.host(probe: Probe(program: program, milliseconds: 2000))
    }

    @Test func goodPluginsPass() throws {
        try workshop.copy("Echo", as: "libEcho.so")
        #expect(try host.load(.vae, named: "echo", StageContext(model: nil)).stage is any VAE)
    }

    @Test(arguments: [
        ("Trapping", #"fatalError("boom")"#, "boom"),
        ("OutOfBounds", "_ = [Int](repeating: 0, count: 3)[Int(CommandLine.argc) + 3]", "signal"),
        ("Hanging", "while CommandLine.argc > 0 {}", "no answer from the probe in 2000 ms"),
    ])
    func badPluginsAreRefused(_ module: String, _ trap: String, _ mentioned: String) throws {
        // Under a condition that the compiler cannot see through, or it would leave out the rest
        // of the entry point, and with it what marks a plugin.
        let source = pluginSource().replacing(
            "exportPlugin(",
            with: "if CommandLine.argc > 0 { \(trap) }\n    return exportPlugin(")
        let plugin = try workshop.compileSwift(source, module: module)
        expectRefused(.probeFailed, mentioned) { _ = try host.image(ofFile: plugin) }
    }

    @Test func aMissingProbeIsTheHostsFault() throws {
        let host = try workshop.host(probe: Probe(program: "/nonexistent/voken-probe"))
        try workshop.copy("Echo", as: "libEcho.so")
        expectRefused(.host, "cannot start the probe: No such file") {
            _ = try host.image(ofFile: workshop.folder + "/libEcho.so")
        }
    }

    @Test func constructsAndChecksStagesWithoutWeights() throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(
            filePath: "\(PluginHost.directoryOfProgram())/voken-probe")
        process.arguments = ["--construct", builtPlugin("Echo")]
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.components(separatedBy: ": ok\n").count == StageKind.allCases.count + 1)
    }
}

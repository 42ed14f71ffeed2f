import Checkpoints
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
        #expect(
            try host.load(StageOrder(.vae, plugin: "echo", StageContext(model: nil)), checks: .full)
                .stage is any VAE)
    }

    @Test(
        arguments: [
            ("Trapping", #"fatalError("boom")"#, .loadCrashed, "boom"),
            (
                "OutOfBounds", "_ = [Int](repeating: 0, count: 3)[Int(CommandLine.argc) + 3]",
                .loadCrashed, "signal"
            ),
            (
                "Hanging", "while CommandLine.argc > 0 {}", .loadHung,
                "no answer from the probe in 2000 ms"
            ),
        ] as [(String, String, PluginError.Code, String)])
    func badEntryPointsAreRefused(
        _ module: String, _ trap: String, _ code: PluginError.Code, _ mentioned: String
    ) throws {
        // Under a condition that the compiler cannot see through, or it would leave out the rest
        // of the entry point, and with it what marks a plugin.
        let source = pluginSource().replacing(
            "exportPlugin(",
            with: "if CommandLine.argc > 0 { \(trap) }\n    return exportPlugin(")
        let plugin = try workshop.compileSwift(source, module: module)
        expectRefused(code, mentioned) { try load(plugin) }
        #expect(try workshop.copies().isEmpty, "the copy of a refused file stays")
    }

    @Test(
        arguments: [
            ("ThrowingMake", "throw Odd()", .constructorThrew, "Odd"),
            ("TrappingMake", #"fatalError("bang")"#, .constructorCrashed, "bang"),
            ("HangingMake", "while CommandLine.argc > 0 {}", .constructorHung, "no answer"),
            (
                "RefusingMake",
                #"throw SettingError(key: "order", message: "is odd")"#, .badSetting,
                "order: is odd"
            ),
        ] as [(String, String, PluginError.Code, String)])
    func badConstructorsAreRefused(
        _ module: String, _ construction: String, _ code: PluginError.Code, _ mentioned: String
    ) throws {
        let plugin = try workshop.compileSwift(
            pluginSource(construction) + "\nstruct Odd: Error {}\n", module: module)
        expectRefused(code, mentioned) { try load(plugin) }
    }

    /// The schedule is of timesteps but for these.
    @Test(
        arguments: [
            ("Wrong", "[1, .nan]", "sample", .selfTestFailed, "not all finite"),
            ("TrappingStep", "[1]", #"{ fatalError("step") }()"#, .selfTestCrashed, "step"),
            (
                "HangingStep", "[1]", "{ while CommandLine.argc > 0 {}; return sample }()",
                .selfTestHung, "no answer"
            ),
        ] as [(String, String, String, PluginError.Code, String)])
    func badStagesAreRefused(
        _ module: String, _ timesteps: String, _ step: String, _ code: PluginError.Code,
        _ mentioned: String
    ) throws {
        let source = pluginSource()
            .replacing("timesteps: [Float] = [1]", with: "timesteps: [Float] = \(timesteps)")
            .replacing(") -> Tensor { sample }\n}", with: ") -> Tensor { \(step) }\n}")
        #expect(source != pluginSource())
        let plugin = try workshop.compileSwift(source, module: module)
        expectRefused(code, mentioned) { try load(plugin) }
    }

    /// What has passed once with the same code, model and settings is not probed again.
    @Test func aVerdictIsRemembered() throws {
        let path = try workshop.copy("Echo", as: "libEcho.so")
        #expect(try phases(path, [:]) == [.file, .copy, .probe, .load, .construct, .selfTest])
        #expect(try phases(path, [:]) == [.construct, .selfTest])
        #expect(
            try phases(path, ["length": .integer(4)]) == [.probe, .construct, .selfTest])
        #expect(try phases(path, ["length": .integer(4)]) == [.construct, .selfTest])
    }

    private func load(_ plugin: String) throws {
        _ = try host.load(
            StageOrder(.scheduler, plugin: plugin, StageContext(model: nil)), checks: .full)
    }

    private func phases(
        _ path: String, _ settings: [String: SettingValue]
    ) throws -> [LoadPhase] {
        var phases: [LoadPhase] = []
        let context = StageContext(model: nil, settings: Settings(settings))
        _ = try host.load(
            StageOrder(.featureMapper, plugin: path, context), checks: .full
        ) { event in
            if case .done(let phase, _, _) = event { phases.append(phase) }
        }
        return phases
    }

    @Test func aMissingProbeIsTheHostsFault() throws {
        let host = try workshop.host(probe: Probe(program: "/nonexistent/voken-probe"))
        try workshop.copy("Echo", as: "libEcho.so")
        expectRefused(.host, "cannot start the probe: No such file") {
            _ = try host.load(
                StageOrder(
                    .vae, plugin: workshop.folder + "/libEcho.so", StageContext(model: nil)),
                checks: .full)
        }
    }

    /// A plugin that closes the probe's output, or starts what keeps it open.
    @Test func aProbeThatSaysNoMoreIsGivenUpAsWell() throws {
        let program = try probe("silent", "exec >&- 2>&-; exec sleep 100")
        let host = try workshop.host(probe: Probe(program: program, milliseconds: 200))
        expectRefused(.loadHung, "no answer from the probe in 200 ms") { try loadEcho(host) }
        let quick = try probe("quick", "exec >&- 2>&-; sleep 0.05; exit 3")
        let other = try workshop.host(probe: Probe(program: quick, milliseconds: 20_000))
        expectRefused(.unresolved, "(3)") { try loadEcho(other) }
    }

    @Test func aHostThatEndsWaitsForNoProbe() throws {
        let mark = workshop.folder + "/begun"
        let program = try probe("hangs", "touch '\(mark)'; exec sleep 1000")
        let host = try workshop.host(probe: Probe(program: program, milliseconds: 3_600_000))
        Thread.detachNewThread {
            while !FileManager.default.fileExists(atPath: mark) { usleep(1000) }
            host.stopProbes()
        }
        expectRefused(.host, "about to end") { try loadEcho(host) }
        expectRefused(.host, "about to end") { try loadEcho(host) }
    }

    /// Written by a process of its own: one that was forked here meanwhile could still have it open
    /// for writing, and it could not be executed then.
    private func probe(_ name: String, _ script: String) throws -> String {
        let path = "\(workshop.folder)/\(name)"
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = [
            "-c", #"umask 077; printf '#!/bin/sh\n%s\n' "$2" > "$1"; chmod 700 "$1""#, "sh", path,
            script,
        ]
        try shell.run()
        shell.waitUntilExit()
        return path
    }

    private func loadEcho(_ host: PluginHost) throws {
        try workshop.copy("Echo", as: "libEcho.so")
        _ = try host.load(
            StageOrder(.vae, plugin: workshop.folder + "/libEcho.so", StageContext(model: nil)),
            checks: .full)
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

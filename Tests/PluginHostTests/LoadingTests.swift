import Checkpoints
import Foundation
import Glibc
import PluginHost
import Stages
import Tensors
import Testing

@Suite struct LoadingTests {
    private let workshop: Workshop
    private let host: PluginHost

    init() throws {
        workshop = try Workshop()
        host = try workshop.host()
    }

    @Test func loadsAStageByItsName() throws {
        try workshop.copy("SchedulerPNDM", as: "libSchedulerPNDM.so")
        try workshop.copy("Echo", as: "libEcho.so")
        let loaded = try host.load(.scheduler, named: "pndm", StageContext(model: nil))
        #expect(loaded.descriptor == StageDescriptor(.scheduler, name: "pndm", version: "1.0.0"))
        #expect(loaded.stage is any Scheduler)
        #expect(loaded.plugin.name == "pndm")
        #expect(loaded.plugin.compiler == kitCompiler)
        #expect(
            loaded.plugin.sha256
                == SHA256.hash([UInt8](try Data(contentsOf: URL(filePath: loaded.plugin.path)))))
        // Nothing but what was asked for was mapped.
        #expect(try workshop.copies().count == 1)
    }

    @Test func aFileNeedNotBeCalledLikeItsStage() throws {
        try workshop.copy("Echo", as: "libSomethingElse.so")
        try workshop.copy("SchedulerPNDM", as: "libOther.so")
        try workshop.write(Data("damaged".utf8), as: "libDamaged.so")
        let loaded = try host.load(.scheduler, named: "pndm", StageContext(model: nil))
        #expect(loaded.plugin.path.hasSuffix("/libOther.so"))
    }

    @Test func anUnknownNameSaysWhatThereIs() throws {
        try workshop.copy("SchedulerPNDM", as: "libSchedulerPNDM.so")
        try workshop.write(Data("damaged".utf8), as: "libDamaged.so")
        expectRefused(.notFound, "there are pndm; refused: plugin") {
            _ = try host.load(.scheduler, named: "plms", StageContext(model: nil))
        }
    }

    @Test func loadsAStageByItsPluginsPath() throws {
        let path = try workshop.copy("Echo", as: "mine.so")
        let loaded = try host.load(.vae, named: path, StageContext(model: nil))
        #expect(loaded.stage is any VAE)
        let scheduler = try workshop.copy("SchedulerDDIM", as: "ddim.so")
        expectRefused(.notFound, "it has scheduler ddim") {
            _ = try host.load(.vae, named: scheduler, StageContext(model: nil))
        }
    }

    @Test func aSettingThatTheStageDoesNotReadIsRefused() throws {
        try workshop.copy("Echo", as: "libEcho.so")
        let context = StageContext(
            model: nil, settings: Settings(["lenght": .integer(3)], path: "stage.mapper"))
        expectRefused(.stageFailed, "stage.mapper.lenght: unknown key; did you mean \"length\"?") {
            _ = try host.load(.featureMapper, named: "echo", context)
        }
    }

    @Test func aStageThatThrowsSaysWhy() throws {
        let plugin = try workshop.compileSwift(
            pluginSource("throw SettingError(key: \"here\", message: \"not today\")"),
            module: "Throwing")
        expectRefused(.stageFailed, "here: not today") {
            _ = try host.load(.scheduler, named: plugin, StageContext(model: nil))
        }
    }

    @Test func anUnchangedFileIsMappedOnce() throws {
        let path = try workshop.copy("Echo", as: "libEcho.so")
        let first = try host.image(ofFile: path)
        let second = try host.image(ofFile: path)
        #expect(first === second)
        #expect(try workshop.copies().count == 1)
    }

    @Test func everyLoadHasGlobalsOfItsOwn() throws {
        let path = try workshop.copy("Echo", as: "libEcho.so")
        let log = Log()
        for image in [
            try host.image(ofFile: path), try host.loadFreshImage(ofFile: path),
            try host.loadFreshImage(ofFile: path),
        ] {
            for _ in 0..<2 { _ = try image.make(.scheduler, named: "echo", log.context) }
        }
        let lines = [1, 2, 1, 2, 1, 2].map { "echo: stage \($0) of this image is ready" }
        #expect(log.lines == lines)
    }

    /// The same path, module and type names: the new content is what the next load gives, and
    /// what was loaded before keeps its own.
    @Test func aReplacedFileGivesNewCodeBesideTheOld() throws {
        let first = try workshop.compileSwift(pluginSource(scale: 1), module: "Replaced")
        let old = try host.load(.scheduler, named: first, StageContext(model: nil))
        let again = try workshop.compileSwift(pluginSource(scale: 2), module: "Replaced")
        #expect(first == again)
        let new = try host.load(.scheduler, named: again, StageContext(model: nil))
        #expect(try scale(old) == 1)
        #expect(try scale(new) == 2)
        #expect(old.plugin !== new.plugin)
        #expect(type(of: old.stage) != type(of: new.stage))
    }

    /// Overwriting a file in place would crash a process that had mapped that very file.
    @Test func aFileOverwrittenInPlaceDoesNoHarm() throws {
        let path = try workshop.compileSwift(pluginSource(scale: 3), module: "Overwritten")
        let loaded = try host.load(.scheduler, named: path, StageContext(model: nil))
        #expect(unsafe truncate(path, 0) == 0)
        #expect(try scale(loaded) == 3)
        try FileManager.default.removeItem(atPath: path)
        #expect(try scale(loaded) == 3)
    }

    @Test func aStageMustBeOfTheKindItClaims() throws {
        let plugin = try workshop.compileSwift(
            pluginSource().replacing(".scheduler,", with: ".vae,"), module: "Claiming")
        expectRefused(.notLoadable, "says it is a vae") {
            _ = try host.image(ofFile: plugin)
        }
    }

    @Test func copiesOfDeadProcessesAreRemoved() throws {
        let state = workshop.folder + "/state"
        // No process has this id: it is over the kernel's limit.
        for name in ["4194305.1.libEcho.so", "\(getpid()).7.libEcho.so", "notes.txt"] {
            try Data().write(to: URL(filePath: "\(state)/\(name)"))
        }
        _ = try workshop.host()
        #expect(try workshop.copies() == ["\(getpid()).7.libEcho.so", "notes.txt"])
    }

    @Test func theStateDirectoryMustBeOurs() throws {
        try workshop.setMode(0o755, of: workshop.folder + "/state")
        expectRefused(.host, "chmod 700") { _ = try workshop.host() }
    }

    private func scale(_ loaded: LoadedStage) throws -> Float {
        let scheduler = try #require(loaded.stage as? any Scheduler)
        return try scheduler.trajectory(steps: 1).initialNoiseScale
    }
}

/// A plugin with one scheduler that tells its version by its noise scale.
func pluginSource(_ construction: String = "", scale: Int = 1) -> String {
    """
    import Checkpoints
    import Stages
    import Tensors

    @c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
        exportPlugin("test", [TestScheduler.self])
    }

    struct TestScheduler: Scheduler {
        static let descriptor = StageDescriptor(.scheduler, name: "test", version: "1")
        init(_ context: StageContext) throws { \(construction) }
        func trajectory(steps: Int) throws -> any Trajectory { TestTrajectory() }
    }

    struct TestTrajectory: Trajectory {
        let timesteps: [Float] = [1]
        let initialNoiseScale: Float = \(scale)
        func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }
        func step(
            _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
        ) -> Tensor { sample }
    }
    """
}

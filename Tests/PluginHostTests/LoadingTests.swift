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
        let loaded = try host.load(StageOrder(.scheduler, plugin: "pndm", StageContext(model: nil)))
        #expect(loaded.descriptor == StageDescriptor(.scheduler, name: "pndm", version: "1.1.0"))
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
        let loaded = try host.load(StageOrder(.scheduler, plugin: "pndm", StageContext(model: nil)))
        #expect(loaded.plugin.path.hasSuffix("/libOther.so"))
    }

    @Test func anUnknownNameSaysWhatThereIs() throws {
        try workshop.copy("SchedulerPNDM", as: "libSchedulerPNDM.so")
        try workshop.write(Data("damaged".utf8), as: "libDamaged.so")
        expectRefused(.notFound, "there are pndm; refused: plugin") {
            _ = try host.load(StageOrder(.scheduler, plugin: "plms", StageContext(model: nil)))
        }
    }

    @Test func loadsAStageByItsPluginsPath() throws {
        let path = try workshop.copy("Echo", as: "mine.so")
        let loaded = try host.load(StageOrder(.vae, plugin: path, StageContext(model: nil)))
        #expect(loaded.stage is any VAE)
        let scheduler = try workshop.copy("SchedulerDDIM", as: "ddim.so")
        expectRefused(.otherKind, "offers no stage of kind vae, only scheduler") {
            _ = try host.load(StageOrder(.vae, plugin: scheduler, StageContext(model: nil)))
        }
    }

    @Test func aFileOfSeveralStagesIsAskedForOne() throws {
        let path = try workshop.copy("SchedulerConsistency", as: "mine.so")
        func load(_ plugin: String) throws -> LoadedStage {
            try host.load(StageOrder(.scheduler, plugin: plugin, StageContext(model: nil)))
        }
        #expect(try load(path + ":tcd").descriptor.name == "tcd")
        #expect(try load(path + ":lcm").descriptor.name == "lcm")
        expectRefused(.otherKind, "not one; it has scheduler lcm, scheduler tcd; name one:") {
            _ = try load(path)
        }
        expectRefused(.otherKind, "offers no scheduler \"ddim\"; it has scheduler lcm") {
            _ = try load(path + ":ddim")
        }
    }

    @Test func aSettingThatTheStageDoesNotReadIsRefused() throws {
        try workshop.copy("Echo", as: "libEcho.so")
        let context = StageContext(
            model: nil, settings: Settings(["lenght": .integer(3)], path: "stage.mapper"))
        expectRefused(.badSetting, "stage.mapper.lenght: unknown key; did you mean \"length\"?") {
            _ = try host.load(StageOrder(.featureMapper, plugin: "echo", context))
        }
    }

    @Test func aStageThatThrowsSaysWhy() throws {
        let plugin = try workshop.compileSwift(
            pluginSource("throw SettingError(key: \"here\", message: \"not today\")"),
            module: "Throwing")
        expectRefused(.badSetting, "here: not today") {
            _ = try host.load(StageOrder(.scheduler, plugin: plugin, StageContext(model: nil)))
        }
    }

    @Test func anUnchangedFileIsMappedOnce() throws {
        let path = try workshop.copy("Echo", as: "libEcho.so")
        let first = try host.image(ofFile: path)
        let second = try host.image(ofFile: path)
        #expect(first === second)
        #expect(try workshop.copies().count == 1)
    }

    @Test func equalFilesShareAnImage() throws {
        let path = try workshop.copy("Echo", as: "libEcho.so")
        let copy = try workshop.copy("Echo", as: "libCopy.so")
        let log = Log()
        for file in [path, copy, path] {
            let loaded = try host.load(StageOrder(.scheduler, plugin: file, log.context))
            #expect(loaded.path == URL(filePath: file).resolvingSymlinksInPath().path)
        }
        #expect(log.lines == [1, 2, 3].map { "echo: stage \($0) of this image is ready" })
        #expect(host.mapped.images == 1)
        #expect(try workshop.copies().count == 1)
    }

    @Test func imagesAreBounded() throws {
        var configuration = PluginHost.Configuration(
            directories: [], stateDirectory: workshop.folder + "/state")
        configuration.maximumImages = 1
        let host = try PluginHost(configuration)
        _ = try host.image(ofFile: builtPlugin("Echo"))
        _ = try host.image(ofFile: builtPlugin("Echo"))
        expectRefused(.tooManyImages, "voken upgrade") {
            _ = try host.image(ofFile: builtPlugin("SchedulerDDIM"))
        }
    }

    /// The same path, module and type names: the new content is what the next load gives, and
    /// what was loaded before keeps its own.
    @Test func aReplacedFileGivesNewCodeBesideTheOld() throws {
        let first = try workshop.compileSwift(pluginSource(scale: 1), module: "Replaced")
        let old = try host.load(StageOrder(.scheduler, plugin: first, StageContext(model: nil)))
        let again = try workshop.compileSwift(pluginSource(scale: 2), module: "Replaced")
        #expect(first == again)
        let new = try host.load(StageOrder(.scheduler, plugin: again, StageContext(model: nil)))
        #expect(try scale(old) == 1)
        #expect(try scale(new) == 2)
        #expect(old.plugin !== new.plugin)
        #expect(type(of: old.stage) != type(of: new.stage))
    }

    /// Overwriting a file in place would crash a process that had mapped that very file.
    @Test func aFileOverwrittenInPlaceDoesNoHarm() throws {
        let path = try workshop.compileSwift(pluginSource(scale: 3), module: "Overwritten")
        let loaded = try host.load(StageOrder(.scheduler, plugin: path, StageContext(model: nil)))
        #expect(unsafe truncate(path, 0) == 0)
        #expect(try scale(loaded) == 3)
        try FileManager.default.removeItem(atPath: path)
        #expect(try scale(loaded) == 3)
    }

    @Test func aStageMustBeOfTheKindItClaims() throws {
        let plugin = try workshop.compileSwift(
            pluginSource().replacing(".scheduler,", with: ".vae,"), module: "Claiming")
        expectRefused(.inconsistent, "says it is a vae") {
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

import Checkpoints
import Foundation
import Glibc
import PluginHost
import Stages
import Testing

@testable import Pipelines

/// What survives a program: written by one store, read by another.
@Suite final class GenerationStoreTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "voken-store-\(UUID())").path

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func store(_ text: String = echoText) throws -> GenerationStore {
        try GenerationStore(
            folder: folder, startFile: PipelineFile(text: text, path: "echo.toml"))
    }

    /// A generation of the Echo pipeline with some stages replaced.
    private func generation(_ changes: StageChange..., number: Int) throws -> Generation {
        var file = try PipelineFile(text: echoText, path: "echo.toml")
        for change in changes {
            let entry = try #require(file.stages[change.kind])
            file = file.replacing(entry.changed(by: change))
        }
        return try Pipeline.load(file, number: number, host: echoGeneration().host)
    }

    private func restored(_ store: GenerationStore) throws -> Generation {
        switch store.restore(host: try echoGeneration().host) {
        case .generation(let generation, let lastNumber):
            #expect(lastNumber == 9)
            return generation
        case .refused(let reason), .superseded(let reason): throw Refused(reason: reason)
        case .nothing: throw Refused(reason: "nothing")
        }
    }

    private struct Refused: Error {
        let reason: String
    }

    private func reason(_ store: GenerationStore) -> String? {
        do {
            _ = try restored(store)
            return nil
        } catch {
            return (error as? Refused)?.reason ?? "\(error)"
        }
    }

    @Test func whatWasCommittedComesBack() throws {
        #expect(reason(try store()) == "nothing")
        let committed = try generation(
            StageChange(.scheduler, plugin: "ddim", options: ["eta": .number(0.25)]),
            StageChange(.scheduler, plugin: "pndm", options: ["skip_prk_steps": .boolean(true)]),
            StageChange(.languageModel, options: ["text": .string("Quoted \"so\".\n")]),
            number: 7)
        try store().save(committed, lastNumber: 9)
        let again = try restored(try store())
        #expect(again.number == 7)
        #expect(again.stages == committed.stages)
        #expect(again.file.flattened == committed.file.flattened)
        // Also what the scheduler that serves does not know.
        #expect(again.file.stages[.scheduler] == committed.file.stages[.scheduler])
        #expect(again.file.stages[.scheduler]?.remembered == ["eta"])
    }

    @Test func theCodeOfAFileIsKept() throws {
        let store = try store()
        let plugin = folder + "/libMine.so"
        let built = PluginHost.directoryOfProgram() + "/libSchedulerPNDM.so"
        try FileManager.default.copyItem(atPath: built, toPath: plugin)
        let committed = try generation(StageChange(.scheduler, plugin: plugin), number: 2)
        try store.save(committed, lastNumber: 9)
        try FileManager.default.removeItem(atPath: plugin)
        let again = try restored(store)
        #expect(again.stages == committed.stages)
        #expect(again.ownScheduler.name == "pndm")
        // It can be written down again, and goes when nobody needs it.
        try store.save(again, lastNumber: 9)
        #expect(try codeFiles().count == 1)
        try store.save(try generation(number: 3), lastNumber: 9)
        #expect(try codeFiles().isEmpty)
    }

    private func codeFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/code")
    }

    @Test func codeThatIsNotTheCommittedOneIsRefused() throws {
        let plugin = PluginHost.directoryOfProgram() + "/libSchedulerPNDM.so"
        try store().save(
            try generation(StageChange(.scheduler, plugin: plugin), number: 2), lastNumber: 9)
        let kept = try folder + "/code/" + #require(try codeFiles().first)
        let other = PluginHost.directoryOfProgram() + "/libSchedulerDDIM.so"
        try FileManager.default.removeItem(atPath: kept)
        try FileManager.default.copyItem(atPath: other, toPath: kept)
        #expect(reason(try store())?.contains("its SHA-256 is") == true)
        try FileManager.default.removeItem(atPath: kept)
        #expect(reason(try store())?.contains("No such file") == true)
    }

    @Test func whatADeadProcessBeganToWriteIsRemoved() throws {
        _ = try store()
        // No process has the first id: it is over the kernel's limit.
        let names = [
            "generation.toml.4194305-1.part", "code/ab.so.4194305-2.part",
            "generation.toml.\(getpid())-3.part", "notes.part",
        ]
        for name in names { try Data().write(to: URL(filePath: "\(folder)/\(name)")) }
        _ = try store()
        #expect(
            names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
                == Array(names.suffix(2)))
    }

    @Test func whatCannotServeSaysWhy() throws {
        let store = try store()
        try store.save(try generation(number: 4), lastNumber: 9)
        #expect(reason(store) == nil)
        let edited = try self.store(echoText + "\n# A comment.\n")
        #expect(
            reason(edited)
                == "pipeline file echo.toml has changed since generation 4 was committed")
        let whole = try String(contentsOfFile: store.path, encoding: .utf8)
        for (text, mentioned) in [
            ("", "format"), ("format = 2", "another format"),
            (String(whole.prefix(whole.count / 2)), "generation.toml"),
            (whole.replacing("generation = 4", with: "generation = -1"), "generation"),
            (whole.replacing("plugin = \\\"echo\\\"", with: "plugin = \\\"ecko\\\""), "ecko"),
        ] {
            try text.write(toFile: store.path, atomically: true, encoding: .utf8)
            let reason = reason(store) ?? "restored"
            #expect(reason.contains(mentioned), "\(reason)")
        }
    }
}

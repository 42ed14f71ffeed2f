import Foundation
import Glibc
import Testing

@Suite struct ImportResumeTests {
    private let files = FileManager.default

    /// Starts an import of the pocket model and ends it by a signal when a part of it is written.
    /// - Returns: the folder, and how it ended.
    private func interrupted(by signal: Int32) throws -> (folder: String, Program.Result) {
        let folder = try temporaryFolder().path + "/model"
        let program = Program("voken", ["import", Imported.pocket, "--to", folder])
        try program.process.run()
        let journal = folder + ".part/journal"
        while program.process.isRunning {
            let text = (try? String(contentsOfFile: journal, encoding: .utf8)) ?? ""
            if text.split(separator: "\n").count(where: { $0.hasPrefix("tensor ") }) > 40 { break }
            usleep(500)
        }
        Glibc.kill(program.process.processIdentifier, signal)
        return (folder, program.finish())
    }

    /// That the same command ends with the bytes of one that was never interrupted.
    private func expectSameBytes(_ folder: String) throws {
        let whole = try Imported([Imported.pocket], to: try temporaryFolder().path + "/model")
        let resumed = try Imported([Imported.pocket], to: folder)
        #expect(resumed.result.status == 0, "\(resumed.result.errors)")
        #expect(try Imported.contents(of: whole.folder) == Imported.contents(of: folder))
        #expect(!files.fileExists(atPath: folder + ".part"))
    }

    @Test func aCrashLeavesNothingHalfWritten() throws {
        let (folder, result) = try interrupted(by: SIGKILL)
        #expect(result.status == SIGKILL)
        #expect(!files.fileExists(atPath: folder))
        // Bytes that a crash of the machine has spoilt are written again.
        let weights = folder + ".part/image_encoder/model.safetensors"
        let handle = try #require(FileHandle(forUpdatingAtPath: weights))
        try handle.seek(toOffset: 20_000)
        try handle.write(contentsOf: Data([1, 2, 3]))
        try handle.close()
        try expectSameBytes(folder)
    }

    @Test func ctrlCStopsAtTheNextStep() throws {
        let (folder, result) = try interrupted(by: SIGINT)
        #expect(result.status == 5)
        #expect(result.errors.contains("goes on"))
        #expect(!files.fileExists(atPath: folder))
        try expectSameBytes(folder)
    }

    @Test func anotherImportThereIsNotDisturbed() throws {
        let (folder, _) = try interrupted(by: SIGKILL)
        let journal = unsafe open(folder + ".part/journal", O_RDWR)
        defer { close(journal) }
        #expect(flock(journal, LOCK_EX | LOCK_NB) == 0)
        let second = try Imported([Imported.pocket], to: folder)
        #expect(second.result.status == 1)
        #expect(second.result.errors.contains("another import"))
    }

    @Test func whatWasWrittenForOtherSourcesDoesNotCount() throws {
        let (folder, _) = try interrupted(by: SIGKILL)
        let other = try Imported(
            [Imported.pocket], ["--type", "f16", "--stage", "vae"], to: folder)
        let whole = try Imported([Imported.pocket], ["--type", "f16", "--stage", "vae"])
        #expect(other.result.status == 0)
        #expect(try Imported.contents(of: whole.folder) == Imported.contents(of: folder))
    }
}

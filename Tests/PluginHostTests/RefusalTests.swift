import Foundation
import Glibc
import Stages
import Testing

@testable import PluginHost

/// Files that must be refused before any of their code can run.
@Suite struct RefusalTests {
    private let workshop: Workshop
    private let host: PluginHost

    init() throws {
        workshop = try Workshop()
        host = try workshop.host()
    }

    private func expectRefusedFile(
        _ path: String, _ code: PluginError.Code, _ mentioned: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectRefused(code, mentioned, sourceLocation: sourceLocation) {
            _ = try host.image(ofFile: path)
        }
    }

    @Test func whatIsNoPlugin() throws {
        expectRefusedFile("/nonexistent/libX.so", .notFound, "No such file")
        expectRefusedFile(workshop.folder + "/state", .notAFile, "not a regular file")
        expectRefusedFile(try workshop.write(Data(), as: "empty.so"), .notELF, "not an ELF")
        expectRefusedFile(
            try workshop.write(Data("#!/bin/sh\n".utf8), as: "text.so"), .notELF, "not an ELF")
        expectRefusedFile("/bin/sh", .noNote, "without Voken's note")
        let kit = "\(PluginHost.directoryOfProgram())/libVokenKit.so"
        expectRefusedFile(kit, .noEntryPoint, "voken_plugin")
    }

    /// `dlopen` itself would die of SIGBUS on most of these.
    @Test func filesCutShort() throws {
        let whole = try Data(contentsOf: URL(filePath: builtPlugin("Echo")))
        for length in stride(from: 1, to: whole.count, by: 4001) {
            let path = try workshop.write(whole.prefix(length), as: "cut.so")
            expectRefusedFile(path, length < 4 ? .notELF : .truncated, "cut.so: ")
        }
        let path = try workshop.write(whole.dropLast(), as: "cut.so")
        expectRefusedFile(path, .truncated, "section headers")
    }

    /// Random damage to the headers is refused or harmless to the parser; it never traps.
    @Test func damagedHeaders() throws {
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: builtPlugin("Echo"))))
        var random = SystemRandomNumberGenerator()
        let sections = bytes.count - 64 * 40
        for _ in 0..<300 {
            var undo: [(Int, UInt8)] = []
            for _ in 0..<4 {
                let place =
                    Bool.random(using: &random)
                    ? Int.random(in: 4..<1200, using: &random)
                    : Int.random(in: sections..<bytes.count, using: &random)
                undo.append((place, bytes[place]))
                bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            }
            _ = try? ELFImage(bytes)
            for (place, byte) in undo.reversed() { bytes[place] = byte }
        }
        #expect(throws: Never.self) { try ELFImage(bytes) }
    }

    @Test func pluginOfAnotherKit() throws {
        try patch(kitFingerprint, String(repeating: "ab", count: 32), code: .otherKit, "Kit ab")
    }

    @Test func pluginOfAnotherCompiler() throws {
        let other = "Clang 20" + kitCompiler.dropFirst("Clang 21".count)
        try patch(kitCompiler, other, code: .otherCompiler, "built by Clang 20")
    }

    /// Replaces a text everywhere in a plugin by another of the same length.
    private func patch(
        _ text: String, _ other: String, code: PluginError.Code, _ mentioned: String
    ) throws {
        #expect(text.utf8.count == other.utf8.count && text != other)
        var bytes = try Data(contentsOf: URL(filePath: builtPlugin("Echo")))
        var found = 0
        while let range = bytes.range(of: Data(text.utf8)) {
            bytes.replaceSubrange(range, with: Data(other.utf8))
            found += 1
        }
        #expect(found > 0)
        expectRefusedFile(try workshop.write(bytes, as: "patched.so"), code, mentioned)
    }

    @Test func filesThatOthersMayWrite() throws {
        let path = try workshop.copy("Echo", as: "libEcho.so")
        for mode in [0o775, 0o757] {
            try workshop.setMode(mode, of: path)
            expectRefusedFile(path, .writableByOthers, "chmod go-w")
        }
        try workshop.setMode(0o755, of: path)
        try workshop.setMode(0o777, of: workshop.folder)
        expectRefusedFile(path, .writableByOthers, "chmod go-w '\(try resolved(workshop.folder))'")
        try workshop.setMode(0o755, of: workshop.folder)
        #expect(try host.image(ofFile: path).name == "echo")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func filesOfAnotherUser() throws {
        let path = try workshop.copy("Echo", as: "libEcho.so")
        #expect(unsafe chown(path, 1234, 1234) == 0)
        expectRefusedFile(path, .wrongOwner, "belongs to user 1234")
    }

    /// The owner of the link decides what is loaded, so the checks are of what it points to.
    @Test func linksAreFollowedBeforeTheChecks() throws {
        let path = try workshop.copy("Echo", as: "libEcho.so")
        let link = workshop.folder + "/link.so"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(try host.image(ofFile: link).path == resolved(path))
    }

    @Test func hugeFilesAreNotRead() throws {
        let path = try workshop.write(Data(), as: "huge.so")
        #expect(unsafe truncate(path, 1 << 40) == 0)
        expectRefusedFile(path, .tooLarge, "the limit is")
    }

    @Test func fifosDoNotBlock() throws {
        let path = workshop.folder + "/fifo.so"
        #expect(unsafe mkfifo(path, 0o600) == 0)
        expectRefusedFile(path, .notAFile, "not a regular file")
    }

    /// A library of another language with a copied note and no fingerprint.
    @Test func forgedNote() throws {
        let source = { (entry: String) in
            """
            struct note { unsigned name, size, type; char owner[8]; char compiler[128]; };
            __attribute__((used, section(".note.voken"), aligned(4)))
            static const struct note n = { 8, 128, 1, "Voken", "\(kitCompiler)" };
            void *\(entry)(void) { return 0; }
            """
        }
        expectRefusedFile(
            try workshop.compileC(source("other_entry"), as: "Forged"), .noEntryPoint,
            "exports no voken_plugin")
        expectRefusedFile(
            try workshop.compileC(source("voken_plugin"), as: "Unstamped"), .otherKit,
            "built against Kit unknown")
    }

    @Test func libraryThatIsMissing() throws {
        let source = """
            struct note { unsigned name, size, type; char owner[8]; char compiler[128]; };
            __attribute__((used, section(".note.voken"), aligned(4)))
            static const struct note n = { 8, 128, 1, "Voken", "\(kitCompiler)" };
            int voken_kit_\(kitFingerprint)(void);
            int voken_nowhere(void);
            void *voken_plugin(void) {
                return (void *)(long)(voken_kit_\(kitFingerprint)() + voken_nowhere());
            }
            """
        expectRefusedFile(
            try workshop.compileC(source, as: "Unresolved"), .unresolved,
            "undefined symbol: voken_nowhere")
    }

    private func resolved(_ path: String) throws -> String {
        URL(filePath: path).resolvingSymlinksInPath().path
    }
}

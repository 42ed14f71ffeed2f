import Foundation
import Testing

/// `voken plugin new`, from the command to a stage that loads.
@Suite final class PluginNewTests {
    private struct Report: Decodable {
        let name, kind, folder: String
        let files: [String]
        let plugin, build, test, swap, watch: String
    }

    private static let kinds = [
        "scheduler", "image_encoder", "language_model", "feature_mapper", "unet", "vae",
        "text_encoder",
    ]

    private let folder: URL

    init() throws { folder = try temporaryFolder() }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func pluginNew(
        _ name: String, _ kind: String = "scheduler", in place: String? = nil
    ) throws -> Program.Result {
        try Program.run(
            "voken",
            [
                "plugin", "new", name, "--kind", kind, "--json", "--out",
                "\(folder.path)/\(place ?? name)",
            ])
    }

    private func report(_ result: Program.Result) throws -> Report {
        try #require(result.status == 0, "\(result.errors)")
        return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    }

    /// Every kind's package builds, passes its own tests, and loads into this build's host.
    ///
    /// With SwiftPM and not by the compiler alone, since the manifest and the way from there to
    /// Kit are half of what is promised. The packages share their build folder, so that Kit is
    /// built once; `nice`, since other tests have deadlines.
    @Test func packagesBuildPassTheirTestsAndLoad() throws {
        for kind in Self.kinds {
            let package = try report(try pluginNew("my_\(kind)", kind))
            let scratch = folder.path + "/build"
            let (status, output) = try run(
                "nice", "swift", "test", "--package-path", package.folder, "--scratch-path",
                scratch)
            #expect(status == 0, "\(kind): \(output)")
            #expect(output.contains("Test run with "), "\(output)")
            #expect(!output.contains("warning:"), "\(kind): \(output)")
            let probe = try Program.run(
                "voken-probe", ["--construct", "\(scratch)/debug/libmy_\(kind).so"])
            #expect(probe.output == "\(kind) my_\(kind): ok\n", "\(probe)")
        }
    }

    @Test func writesWhatItSays() throws {
        let package = try report(try pluginNew("my_sampler"))
        #expect(package.name == "my_sampler" && package.kind == "scheduler")
        let found = try #require(FileManager.default.subpaths(atPath: package.folder))
            .map { package.folder + "/" + $0 }.filter { !isFolder($0) }
        let written = package.files.map { URL(filePath: $0).resolvingSymlinksInPath().path }
        #expect(written.sorted() == found.sorted())
        #expect(
            found.contains(package.folder + "/Sources/MySampler/MySamplerScheduler.swift"),
            "\(found)")
        let readme = try text(package.folder + "/README.md")
        for command in [package.build, package.test, package.swap, package.watch] {
            #expect(readme.contains(command + "\n"), "\(command)")
        }
        #expect(package.swap == "voken swap scheduler .build/release/libmy_sampler.so")
        #expect(package.plugin == package.folder + "/.build/release/libmy_sampler.so")
        #expect(
            try text(package.folder + "/Package.swift").contains(
                ".package(path: \"\(Program.root.path)/Sources/Kit\")"))
    }

    @Test func refusesWhatCannotBe() throws {
        let names: [(String, String)] = [
            ("Euler", "cannot name a plugin"), ("2nd", "cannot name a plugin"),
            ("a-b", "cannot name a plugin"), ("../x", "cannot name a plugin"),
            ("", "cannot name a plugin"), ("é", "cannot name a plugin"),
            (String(repeating: "a", count: 65), "up to 63"),
            ("tensors", "the module Tensors"), ("c_kernels", "the module CKernels"),
            ("png", "libpng.so"),
        ]
        for (name, word) in names {
            let result = try pluginNew(name, in: "package")
            #expect(result.status == 2, "\(name): \(result)")
            #expect(result.errors.contains(word), "\(name): \(result.errors)")
        }
        let kind = try pluginNew("euler", "painter")
        #expect(kind.status == 2)
        #expect(kind.errors.contains("feature_mapper"), "\(kind.errors)")
        let kit = try pluginNew("euler", in: "Kit")
        #expect(kit.status == 2 && kit.errors.contains("--out"), "\(kit.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        let longest = String(repeating: "a", count: 64)
        #expect(try pluginNew(longest).status == 0)
    }

    @Test func overwritesNothing() throws {
        let mine = folder.appending(path: "mine")
        try FileManager.default.createDirectory(at: mine, withIntermediateDirectories: false)
        #expect(try pluginNew("euler", in: "mine").status == 0)
        let manifest = mine.appending(path: "Package.swift")
        try Data("// mine".utf8).write(to: manifest)
        let again = try pluginNew("euler", in: "mine")
        #expect(again.status == 1)
        #expect(again.errors.contains("\(mine.path) is not empty"), "\(again.errors)")
        let file = try pluginNew("euler", in: "mine/Package.swift")
        #expect(file.status == 1 && file.errors.contains("not a folder"), "\(file.errors)")
        let below = try pluginNew("euler", in: "mine/Package.swift/euler")
        #expect(below.status == 1 && below.errors.contains("Not a directory"), "\(below.errors)")
        #expect(try text(manifest.path) == "// mine")
    }

    /// A failure half way leaves nothing behind: here, a limit on the size of files that the
    /// stage's text is over.
    @Test func leavesNothingHalfWritten() throws {
        let voken = Program.folder.appending(path: "voken").path
        let (status, output) = try run(
            "bash", "-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" plugin new euler --out \"$1\"",
            voken, folder.path + "/new/euler")
        #expect(status == 1)
        #expect(output.contains("EulerScheduler.swift: File too large"), "\(output)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    /// Beside an installation's programs, or nowhere.
    @Test func findsTheKitOfItsInstallation() throws {
        let files = FileManager.default
        let programs = folder.appending(path: "usr/bin")
        try files.createDirectory(at: programs, withIntermediateDirectories: true)
        for name in ["voken", "libVokenKit.so"] {
            try files.copyItem(
                at: Program.folder.appending(path: name), to: programs.appending(path: name))
        }
        let package = folder.path + "/euler"
        let command = [programs.path + "/voken", "plugin", "new", "euler", "--out", package]
        let without = try run(command)
        #expect(without.status == 1)
        #expect(without.output.contains(programs.path + "/../share/voken/Kit"), "\(without)")
        #expect(!files.fileExists(atPath: package))

        let kit = folder.appending(path: "usr/share/voken/Kit")
        try files.createDirectory(at: kit, withIntermediateDirectories: true)
        try files.copyItem(
            at: Program.root.appending(path: "Sources/Kit/Package.swift"),
            to: kit.appending(path: "Package.swift"))
        let with = try run(command)
        #expect(with.status == 0, "\(with)")
        #expect(try text(package + "/Package.swift").contains(".package(path: \"\(kit.path)\")"))
    }

    /// The article shows what the command writes, to the letter.
    @Test func articleQuotesTheTemplates() throws {
        var written = ""
        for (name, kind) in [("euler", "scheduler"), ("projector", "feature_mapper")] {
            let files = try report(try pluginNew(name, kind)).files
            written += try files.map { try text($0) }.joined(separator: "\n")
        }
        let article = try text(
            Program.root.path + "/Sources/Kit/Stages/Stages.docc/WritingAStage.md")
        let blocks = article.matches(of: #/(?ms)^```swift\n(.*?)^```$/#).map { String($0.1) }
        #expect(blocks.count >= 9)
        for block in blocks {
            #expect(("\n" + written).contains("\n" + block), "not in the templates:\n\(block)")
        }
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    private func isFolder(_ path: String) -> Bool {
        (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil
    }

    private func run(_ command: String...) throws -> (status: Int32, output: String) {
        try run(command)
    }

    /// Any program of the system, with both its outputs together.
    private func run(_ command: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}

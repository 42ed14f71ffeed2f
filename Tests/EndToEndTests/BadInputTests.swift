import Foundation
import Testing

/// A copy of the pocket pipeline that a test may damage.
private struct Damaged {
    let folder: URL
    var pipeline: URL { folder.appending(path: "pipelines/pocket.toml") }
    var models: URL { folder.appending(path: "models/pocket") }

    init() throws {
        folder = try temporaryFolder()
        for name in ["pipelines", "models"] {
            try FileManager.default.copyItem(
                at: Program.root.appending(path: "etc/\(name)"),
                to: folder.appending(path: name))
        }
    }

    func edit(_ change: (inout String) -> Void) throws {
        var text = try String(contentsOf: pipeline, encoding: .utf8)
        change(&text)
        try Data(text.utf8).write(to: pipeline)
    }

    /// What `voken generate` says and how it ends.
    func generate(_ options: [String] = []) throws -> Program.Result {
        try Program.run(
            "voken",
            [
                "generate", "A fox.", "--local", "--scenes", "1", "--steps", "1", "--pipeline",
                pipeline.path, "--out", folder.path + "/story",
            ] + options)
    }
}

@Suite struct BadInputTests {
    @Test func usageIsTwo() throws {
        #expect(try Program.run("voken", ["generate"]).status == 2)
        #expect(try Program.run("voken", ["sing"]).status == 2)
        #expect(try Program.run("voken", ["generate", "x", "--steps", "many"]).status == 2)
        #expect(try Program.run("vokend", ["--sing"]).status == 2)
        #expect(try Program.run("voken", ["--help"]).status == 0)
    }

    @Test func noDaemonIsThree() throws {
        let socket = try temporaryFolder().path + "/none.sock"
        for command in [["status"], ["stages"], ["generate", "A fox."]] {
            let result = try Program.run("voken", command + ["--socket", socket])
            #expect(result.status == 3)
            #expect(result.errors.contains(socket))
        }
    }

    @Test func anUnknownKeyNamesItsLine() throws {
        let damaged = try Damaged()
        try damaged.edit { $0 = $0.replacing("[defaults]\n", with: "[defaults]\nstep = 3\n") }
        let check = try Program.run("voken", ["check", damaged.pipeline.path])
        #expect(check.status == 7)
        #expect(check.errors.contains("steps"))
        #expect(check.errors.contains(damaged.pipeline.path + ":"))
        #expect(try damaged.generate().status == 7)
        let sound = Program.root.appending(path: "etc/pipelines/pocket.toml").path
        #expect(try Program.run("voken", ["check", sound]).status == 0)
    }

    @Test func weightsThatAreCutOffAreNamed() throws {
        let damaged = try Damaged()
        let unet = damaged.models.appending(path: "unet/diffusion_pytorch_model.safetensors")
        let bytes = try Data(contentsOf: unet)
        try bytes.prefix(bytes.count / 2).write(to: unet)
        let result = try damaged.generate()
        #expect(result.status == 7)
        #expect(result.errors.contains(unet.lastPathComponent))
        try FileManager.default.removeItem(at: unet)
        let missing = try damaged.generate()
        #expect(missing.status == 7)
        #expect(missing.errors.contains("unet"))
        #expect(!FileManager.default.fileExists(atPath: damaged.folder.path + "/story/001.png"))
    }

    @Test func aPluginThatIsNoneIsRefused() throws {
        let damaged = try Damaged()
        let file = damaged.folder.appending(path: "notes.so")
        try Data("not a plugin".utf8).write(to: file)
        try damaged.edit {
            $0 = $0.replacing(
                #/(?m)(\[stage.vae\]\n(?:#.*\n|\n)*plugin *= *)"[^"]*"/#,
                with: { "\($0.1)\"\(file.path)\"" })
        }
        let result = try damaged.generate()
        #expect(result.status == 7)
        #expect(result.errors.contains(file.path), "\(result.errors)")
    }

    @Test func badRequestsSayWhy() throws {
        let damaged = try Damaged()
        let text = damaged.folder.appending(path: "text.png")
        try Data("hello".utf8).write(to: text)
        let cases: [([String], Int32, String)] = [
            (["--image", text.path], 1, "PNG"),
            (["--image", "/nowhere.png"], 1, "/nowhere.png"),
            (["--scheduler", "ddin"], 2, "ddim"),
            (["--guidance=-1"], 2, "guidance"),
            (["--steps", "100000"], 2, "steps"),
            (["--scenes", "0"], 2, "scenes"),
        ]
        for (options, status, word) in cases {
            let result = try damaged.generate(options)
            #expect(result.status == status, "\(options): \(result.errors)")
            #expect(result.errors.contains(word), "\(options): \(result.errors)")
        }
        let long = try Program.run(
            "voken",
            [
                "generate", String(repeating: "a fox ", count: 1000), "--local", "--pipeline",
                damaged.pipeline.path, "--out", damaged.folder.path + "/long",
            ])
        #expect(long.status == 2)
        #expect(long.errors.contains("4096"))
        let names = try FileManager.default.contentsOfDirectory(atPath: damaged.folder.path)
        #expect(names.sorted() == ["models", "pipelines", "text.png"], "no folder is left behind")
    }
}

import Foundation
import Stages
import Testing

@testable import Pipelines

/// A pipeline of Echo stages; every test spoils or extends it in one place.
let echoText = """
    format = 1
    name = "test"

    [defaults]
    scenes = 2
    steps = 3

    [limits]
    queue = 2

    [stage.image_encoder]
    plugin = "echo"
    [stage.language_model]
    plugin = "echo"
    [stage.feature_mapper]
    plugin = "echo"
    [stage.unet]
    plugin = "echo"
    [stage.vae]
    plugin = "echo"
    [stage.scheduler]
    plugin = "echo"

    """

@Suite struct PipelineFileTests {
    private func file(_ text: String) throws(PipelineError) -> PipelineFile {
        try PipelineFile(text: text, path: "/tmp/pipelines/test.toml")
    }

    /// The error that a text is refused with.
    private func refusal(_ text: String) -> PipelineError? {
        do throws(PipelineError) {
            _ = try file(text)
            return nil
        } catch {
            return error
        }
    }

    @Test func readsWhatIsThereAndFillsInDefaults() throws {
        let file = try file(echoText)
        #expect(file.name == "test")
        #expect(file.defaults.scenes == 2)
        #expect(file.defaults.guidance == Guidance(scale: 7.5))
        #expect(file.defaults.seed == nil)
        #expect(file.limits.queue == 2)
        #expect(file.limits.promptBytes == 4096)
        #expect(file.language.sampling == Sampling(topK: 50, topP: 0.9, repetitionPenalty: 2))
        #expect(file.language.beginning == .beginning)
        #expect(!file.engine.faithful)
        #expect(file.stages[.vae]?.plugin == "echo")
        #expect(file.stages[.textEncoder] == nil)
        #expect(file.stages[.scheduler]?.plugin == "echo")
    }

    @Test func relativePathsStartAtTheFile() throws {
        let folder = FileManager.default.temporaryDirectory.path
        let text = echoText.replacing("name", with: "plugin_dirs = [\"..\"]\nname")
        let file = try PipelineFile(text: text, path: folder + "/test.toml")
        #expect(file.pluginFolders == [folder + "/.."])
        let other = "[scheduler.other]\nplugin = \"ddim\"\nmodel = \"\(folder)\"\n"
        #expect(try self.file(echoText + other).schedulers["other"]?.model == folder)
    }

    @Test func foldersThatAreNotThereAreNamed() throws {
        let other = "[scheduler.other]\nplugin = \"ddim\"\nmodel = \"no/such\"\n"
        let error = try #require(refusal(echoText + other))
        #expect(error.code == .noModel)
        #expect(error.line == 25)
        #expect(error.message.contains("/tmp/pipelines/no/such"))
        let plugins = echoText.replacing("name", with: "plugin_dirs = [\"/no/such\"]\nname")
        #expect(try #require(refusal(plugins)).message.contains("/no/such"))
    }

    @Test(arguments: [
        ("name = \"test\"", "nam = \"test\"\nname = \"test\"", 2, "did you mean \"name\"?"),
        ("scenes = 2", "seens = 2", 5, "did you mean \"scenes\"?"),
        ("[stage.vae]", "[stage.veh]", 19, "did you mean \"vae\"?"),
        ("queue = 2", "queue = \"2\"", 9, "expected an integer"),
        ("queue = 2", "queue = -1", 9, "outside 0...100000"),
        ("steps = 3", "steps = 251", 6, "outside 1...250"),
        ("scenes = 2", "seed = \"any\"", 5, "expected \"random\""),
        ("scenes = 2", "guidance = 1e3", 5, "outside 0.0...100.0"),
        ("scenes = 2", "guidance_rescale = 2", 5, "outside 0.0...1.0"),
        ("scenes = 2", "guidance_interval = [3, 2]", 5, "the lower one first"),
        ("scenes = 2", "guidance_interval = [0.5, \"x\"]", 5, "two noise levels"),
        ("scenes = 2", "guidance_interval = 3", 5, "two noise levels"),
        ("scenes = 2", "deep_cache = 0", 5, "outside 1...100"),
        ("scenes = 2", "token_merging = 0.8", 5, "outside 0.0...0.75"),
        ("format = 1", "format = 2", 1, "reads format 1"),
        ("queue = 2", "jobs_per_user = 0", 9, "outside 1...100000"),
        ("queue = 2", "request_bytes_per_user = -1", 9, "outside 1..."),
        ("[limits]", "[engine]\nconcurrency = 65\n[limits]", 9, "outside 1...64"),
        ("[limits]", "[engine]\nunet_batch = 0\n[limits]", 9, "outside 1...64"),
        ("[limits]", "[sessions]\nmaximum = 1\n[limits]", 9, "known here: "),
        ("[limits]", "[sessions]\nturns = 0\n[limits]", 9, "outside 1...10000"),
        ("[limits]", "[sessions]\nttl_s = -1\n[limits]", 9, "outside 0...31622400"),
    ])
    func namesTheLineAndTheRemedy(
        good: String, bad: String, line: Int, remedy: String
    ) throws {
        let error = try #require(refusal(echoText.replacing(good, with: bad, maxReplacements: 1)))
        #expect(error.code == .badSetting)
        #expect(error.line == line)
        #expect(error.message.contains(remedy), "\(error)")
    }

    @Test func aMissingStageIsNamed() throws {
        let error = try #require(
            refusal(echoText.replacing("[stage.unet]\nplugin = \"echo\"\n", with: "")))
        #expect(error.message == "stage.unet: missing; a pipeline needs this stage")
    }

    @Test func syntaxErrorsHaveLineAndColumn() throws {
        let error = try #require(refusal("format = 1\nname = \"test\n"))
        #expect(error.code == .syntax)
        #expect(error.line == 2)
        #expect(error.message.contains("column "))
        #expect(error.description.hasPrefix("/tmp/pipelines/test.toml:2: column "))
    }

    @Test func textThatTomlCannotHoldIsRefused() throws {
        #expect(try #require(refusal("format = 1\0")).code == .syntax)
        #expect(try #require(refusal(echoText + "[x]\nday = 1979-05-27\n")).code == .badSetting)
    }

    @Test func filesAreBounded() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "voken-pipelines-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let large = folder.appending(path: "large.toml")
        let comment = Data(repeating: UInt8(ascii: "#"), count: 1 << 20)
        try (comment + Data("\n".utf8)).write(to: large)
        #expect(throws: PipelineError.self) { try PipelineFile(large.path) }
        let binary = folder.appending(path: "binary.toml")
        try Data([0xff, 0xfe, 0x00]).write(to: binary)
        do throws(PipelineError) {
            _ = try PipelineFile(binary.path)
            Issue.record("bytes that are no text were accepted")
        } catch {
            #expect(error.code == .syntax)
        }
        do throws(PipelineError) {
            _ = try PipelineFile(folder.appending(path: "none.toml").path)
            Issue.record("a missing file was accepted")
        } catch {
            #expect(error.code == .unreadable)
        }
    }

    @Test(arguments: ["pocket", "minigpt5", "echo"])
    func theFilesOfTheRepositoryAreValid(name: String) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../etc/pipelines/\(name).toml").path
        do throws(PipelineError) {
            let file = try PipelineFile(path)
            #expect(file.name == name)
        } catch {
            // Paths are checked last, and weights may be elsewhere.
            #expect(name != "echo" && error.code == .noModel, "\(error)")
        }
    }
}

@Suite struct TOMLLinesTests {
    @Test func findsKeysInAnyNotation() {
        let lines = TOMLLines(
            """
            a = 1 # b = 2
            "c d" = '''
            e = 1
            ''' # still the string's line
            f = [
              1, # g = 2
              "]",
            ]
            [x . y]
            z = \"\"\"\\\"\"\"\"
            k.l = { m = 1, n = "}" }

            [[list]]
            p = 1
            [last]
            q = 1
            """)
        #expect(lines.line(of: "a") == 1)
        #expect(lines.line(of: "b") == nil)
        #expect(lines.line(of: "c d") == 2)
        #expect(lines.line(of: "e") == nil)
        #expect(lines.line(of: "f") == 5)
        #expect(lines.line(of: "g") == nil)
        #expect(lines.line(of: "x.y") == 9)
        #expect(lines.line(of: "x.y.z") == 10)
        #expect(lines.line(of: "x.y.k.l") == 11)
        #expect(lines.line(of: "x.y.k.l.m") == 11)
        #expect(lines.line(of: "list.p") == 14)
        #expect(lines.line(of: "last.q") == 16)
        #expect(lines.line(of: "last.unknown") == 15)
    }

    @Test func anyTextComesToAnEnd() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("[]{}\"'#=.\\\n a1".utf8)
        for _ in 0..<500 {
            let length = Int.random(in: 0..<60, using: &generator)
            let bytes = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            _ = TOMLLines(String(decoding: bytes, as: UTF8.self))
        }
    }
}

import Checkpoints
import Stages
import Tensors
import TestSupport
import Testing

@Suite struct ClipTextTests {
    /// As in `Tests/Reference/clip_text.py`: one padded, one empty, one cut.
    let captions = ["A red cat.", "", "the blue bird sees the red cat and the blue cat"]

    @Test(arguments: ["clip-text", "clip-text-quick"])
    func agreesWithTransformers(name: String) throws {
        let fixture = try StageFixture(name)
        let encoder: any TextEncoder = try fixture.load(.textEncoder, "clip_text")
        expectClose(try encoder.encode(captions), try fixture["output"], relative: 1e-4)
        #expect(encoder.length == 9)
        #expect(encoder.width == 12)
    }

    @Test func refusesAnEndlessCaption() throws {
        let encoder: any TextEncoder = try StageFixture("clip-text").load(
            .textEncoder, "clip_text")
        #expect(throws: (any Error).self) {
            try encoder.encode([String(repeating: "cat ", count: 1 << 20)])
        }
    }

    @Test func refusesATokenizerOfMoreTokens() throws {
        let fixture = try StageFixture("clip-text")
        let tokenizer = SettingValue.string(fixture.folder + "/../tokenizer")
        try withChangedModel(
            fixture.folder, configuration: { $0["vocab_size"] = .integer(500) },
            { folder in
                let error = #expect(throws: (any Error).self) {
                    let _: any Stage = try loadStage(
                        .textEncoder, "clip_text", ModelFolder.open(folder),
                        ["tokenizer": tokenizer])
                }
                #expect(error.map { "\($0)" }?.contains("vocab_size") == true)
            })
    }
}

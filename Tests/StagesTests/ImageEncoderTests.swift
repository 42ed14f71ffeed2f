import Checkpoints
import Stages
import Tensors
import TestSupport
import Testing

@Suite struct ImageEncoderTests {
    @Test func agreesWithTransformers() throws {
        let fixture = try StageFixture("image-encoder")
        let encoder: any ImageEncoder = try fixture.load(.imageEncoder, "eva_qformer")
        expectClose(
            encoder.encode(try fixture["pixels"]), try fixture["output"], relative: 1e-4)
        #expect(encoder.imageSize == 12)
        #expect(encoder.positions == 5)
        #expect(encoder.width == 9)
    }

    /// A whole MiniGPT-4 has the vision transformer under a name of its own; EVA's file has a last
    /// block that is not used.
    @Test func loadsBothPublishedLayouts() throws {
        let fixture = try StageFixture("image-encoder")
        let others = ["ln_vision", "query_tokens", "Qformer", "llama_proj"]
        let renamed = { (name: String) in
            others.contains { name.hasPrefix($0) } ? name : "visual_encoder.\(name)"
        }
        try withChangedModel(
            fixture.folder, weights: { $0.map { (renamed($0.name), $0.weight) } },
            { folder in
                let encoder: any ImageEncoder = try loadStage(
                    .imageEncoder, "eva_qformer", ModelFolder.open(folder))
                expectClose(
                    encoder.encode(try fixture["pixels"]), try fixture["output"], relative: 1e-4)
            })
        let unused = Weight(Tensor([10], repeating: 1))
        try withChangedModel(
            fixture.folder, weights: { $0 + [("blocks.3.norm1.weight", unused)] },
            { folder in
                let _: any ImageEncoder = try loadStage(
                    .imageEncoder, "eva_qformer", ModelFolder.open(folder))
            })
    }

    @Test(arguments: [
        ("heads", SettingValue.integer(3)),
        ("patch_size", .integer(5)),
        ("image_std", .array([.number(0), .number(1), .number(1)])),
        ("image_mean", .array([.number(0.5)])),
    ])
    func refusesByName(key: String, value: SettingValue) throws {
        let fixture = try StageFixture("image-encoder")
        try expectRefusal(of: key, value, fixture, .imageEncoder, "eva_qformer")
    }
}

import Checkpoints
import Stages
import Tensors
import TestSupport
import Testing

@Suite struct MapperTests {
    @Test func agreesWithTorch() throws {
        let fixture = try StageFixture("mapper")
        let mapper: any FeatureMapper = try fixture.load(.featureMapper, "voken_mapper")
        expectClose(mapper.map(try fixture["hidden"]), try fixture["mapped"], relative: 1e-4)
        #expect(mapper.vokens == 5)
        #expect(mapper.inputWidth == 14)
        #expect(mapper.length == 7)
        #expect(mapper.width == 12)
    }

    /// The unconditional half of guidance: zeros go in, the biases come through.
    @Test func mapsZeros() throws {
        let fixture = try StageFixture("mapper")
        let mapper: any FeatureMapper = try fixture.load(.featureMapper, "voken_mapper")
        expectClose(
            mapper.map(Tensor([1, 5, 14], repeating: 0)), try fixture["unconditional"],
            relative: 1e-4)
    }

    @Test(arguments: [
        ("heads", SettingValue.integer(5)),
        ("activation", .string("gelu")),
        ("norm_first", .boolean(false)),
        ("queries", .integer(0)),
    ])
    func refusesByName(key: String, value: SettingValue) throws {
        let fixture = try StageFixture("mapper")
        try expectRefusal(of: key, value, fixture, .featureMapper, "voken_mapper")
    }

    @Test func namesAMissingParameter() throws {
        let fixture = try StageFixture("mapper")
        let missing = "llm_to_t2i_mapping.decoder.layers.2.multihead_attn.in_proj_weight"
        try withChangedModel(
            fixture.folder, weights: { $0.filter { $0.name != missing } },
            { folder in
                let error = #expect(throws: (any Error).self) {
                    let _: any Stage = try loadStage(
                        .featureMapper, "voken_mapper", ModelFolder.open(folder))
                }
                #expect(error.map { "\($0)" }?.contains(missing) == true)
            })
    }
}

import Checkpoints
import Stages
import Tensors
import TestSupport
import Testing

/// What holds for the stages of all kinds.
@Suite struct ConformanceTests {
    struct Model: CustomTestStringConvertible, Sendable {
        let fixture: String
        let kind: StageKind
        let stage: String
        var testDescription: String { fixture }
    }

    static let models = [
        Model(fixture: "image-encoder", kind: .imageEncoder, stage: "eva_qformer"),
        Model(fixture: "llama", kind: .languageModel, stage: "llama"),
        Model(fixture: "llama-lora", kind: .languageModel, stage: "llama"),
        Model(fixture: "mapper", kind: .featureMapper, stage: "voken_mapper"),
        Model(fixture: "unet-linear", kind: .unet, stage: "stable_diffusion_unet"),
        Model(fixture: "vae", kind: .vae, stage: "autoencoder_kl"),
        Model(fixture: "clip-text", kind: .textEncoder, stage: "clip_text"),
    ]

    @Test(arguments: models)
    func keepsItsProtocolsWord(model: Model) throws {
        let stage: any Stage = try StageFixture(model.fixture).load(model.kind, model.stage)
        try StageChecks.run(stage)
    }

    /// Of a left-over tensor either the name is misspelt or the model is another.
    @Test(arguments: models)
    func refusesATensorThatNobodyReads(model: Model) throws {
        let fixture = try StageFixture(model.fixture)
        let surplus = (name: "surplus.weight", weight: Weight(Tensor([2], repeating: 1)))
        var added = false
        try withChangedModel(
            fixture.folder,
            weights: {
                defer { added = true }
                return added ? $0 : $0 + [surplus]
            },
            { folder in
                let error = #expect(throws: (any Error).self) {
                    let _: any Stage = try loadStage(
                        model.kind, model.stage, ModelFolder.open(folder), model.settings(fixture))
                }
                #expect(error.map { "\($0)" }?.contains("surplus.weight") == true)
            })
    }

    @Test(arguments: models)
    func refusesAnUnknownSetting(model: Model) throws {
        let error = #expect(throws: (any Error).self) {
            let _: any Stage = try StageFixture(model.fixture)
                .load(model.kind, model.stage, ["presision": "f16"])
        }
        #expect(error.map { "\($0)" }?.contains("presision") == true)
    }
}

extension ConformanceTests.Model {
    /// A copied model does not have the tokenizer's folder beside it.
    fileprivate func settings(_ fixture: StageFixture) -> [String: SettingValue] {
        kind == .textEncoder ? ["tokenizer": .string(fixture.folder + "/../tokenizer")] : [:]
    }
}

import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import ModelImport

@Suite struct MiniGPT5PlanTests {
    private func part(_ name: String) throws -> PublishedPart {
        try PublishedSource(fixture("published/\(name)").path).parts[0]
    }

    /// Into matrices that will be quantised adapters go beforehand: `W + 2 · B A`.
    @Test func adaptersAreMergedWhereTheyCannotStayApart() throws {
        let (base, second) = (try part("vicuna"), try part("stage2.ckpt"))
        let plan = try StagePlan.languageModel(base, checkpoint: second, mergesAdapters: true)
        #expect(plan.configuration["lora"] == nil)
        #expect(!plan.tensors.keys.contains { $0.contains("lora") })
        let projection = "model.layers.1.self_attn.v_proj"
        let origin = try #require(plan.tensors[projection + ".weight"])
        let merged = try TensorReader(origin).whole().tensor().values
        let plain = try numbers(base, projection + ".weight")
        let wrapped = "llama_model.base_model.model.\(projection)"
        let down = try numbers(second, "\(wrapped).lora_A.default.weight")
        let up = try numbers(second, "\(wrapped).lora_B.default.weight")
        for row in 0..<16 {
            for column in 0..<16 {
                var sum = 0.0
                for rank in 0..<8 {
                    sum += Double(up[row * 8 + rank]) * Double(down[rank * 16 + column])
                }
                let expected = Double(plain[row * 16 + column]) + 2 * sum
                #expect(abs(Double(merged[row * 16 + column]) - expected) < 1e-5)
            }
        }
        // A matrix without an adapter is as it was.
        let key = "model.layers.1.self_attn.k_proj.weight"
        #expect(try TensorReader(try #require(plan.tensors[key])).isPlain)
        let apart = try StagePlan.languageModel(base, checkpoint: second, mergesAdapters: false)
        #expect(apart.tensors.keys.count { $0.contains("lora_A") } == 4)
        guard case .table(let lora)? = apart.configuration["lora"] else {
            Issue.record("no lora in the configuration")
            return
        }
        #expect(lora["r"] == 8 && lora["target_modules"] == .array(["q_proj", "v_proj"]))
    }

    private func numbers(_ part: PublishedPart, _ name: String) throws -> [Float] {
        try TensorReader(try #require(part.origin(name))).weight.tensor().values
    }

    private static let trained = [
        ("stage1.ckpt", "llama_model.model.embed_tokens.weight", 0.988),
        (
            "stage2.ckpt",
            "llama_model.base_model.model.model.embed_tokens.modules_to_save.default.weight", 0.979
        ),
    ]

    /// What training leaves of the base: one factor, and the fingerprint.
    @Test(arguments: trained)
    func aTrainedTableIsKnownByItsBase(file: String, name: String, decay: Double) throws {
        let table = try #require(try part(file).origin(name))
        let base = try #require(try part("vicuna").origin("model.embed_tokens.weight"))
        let kinship = try TableKinship(base: base, trained: table, rows: 300)
        #expect(kinship.belongs && abs(kinship.factor - decay) < 1e-4)
        #expect(kinship.residual > 0 && kinship.residual < 0.002)
        let fingerprint = try TableFingerprint.of(base, rows: 300)
        #expect(try TableFingerprint.of(table, rows: 300) == fingerprint)
        // The rows that were trained differ, and another table has nothing in common.
        #expect(try TableFingerprint.of(table, rows: 301) != TableFingerprint.of(base, rows: 301))
        let other = try #require(try part("vicuna").origin("lm_head.weight"))
        let stranger = try TableKinship(base: other, trained: table, rows: 300)
        #expect(!stranger.belongs && abs(stranger.signsApart - 0.5) < 0.05)
    }

    @Test func namesAreReadWithAndWithoutTheLeadingModel() {
        #expect(
            MiniGPT5Names.plain("model.llama_model.lm_head.weight") == "llama_model.lm_head.weight")
        #expect(MiniGPT5Names.plain("model.t2i_decoder_prompt") == "t2i_decoder_prompt")
        #expect(MiniGPT5Names.plain("model.embed_tokens.weight") == "model.embed_tokens.weight")
        #expect(
            MiniGPT5Names.role("base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight")
                == .adapter(projection: "model.layers.3.self_attn.q_proj", isDown: true))
        #expect(
            MiniGPT5Names.role("llama_model.base_model.model.lm_head.original_module.weight")
                == .original)
        #expect(MiniGPT5Names.role("model.layers.0.mlp.up_proj.weight") == nil)
    }
}

import Checkpoints
import Foundation
import Tensors
import Testing

@Suite struct ImageEncoderImportTests {
    private func write(_ shapes: [String: [Int]], to path: String) throws {
        try Safetensors.write(
            numbers: shapes.sorted { $0.key < $1.key }.map { name, extents in
                let count = extents.reduce(1, *)
                let values = (0..<count).map { Float(($0 * 7 + name.utf8.count) % 13 - 6) / 40 }
                return (name, TensorNumbers(extents: extents, values: values))
            }, to: path)
    }

    private func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [String: [Int]] {
        ["\(name).weight": [outputs, inputs], "\(name).bias": [outputs]]
    }

    private func norm(_ name: String, _ width: Int) -> [String: [Int]] {
        ["\(name).weight": [width], "\(name).bias": [width]]
    }

    /// EVA with two heads of 88 channels, and three blocks, of which two are used.
    private var eva: [String: [Int]] {
        var shapes = [
            "cls_token": [1, 1, 176], "pos_embed": [1, 10, 176],
            "patch_embed.proj.weight": [176, 3, 2, 2], "patch_embed.proj.bias": [176],
        ]
        for block in 0..<3 {
            let p = "blocks.\(block)."
            shapes[p + "attn.q_bias"] = [176]
            shapes[p + "attn.v_bias"] = [176]
            shapes[p + "attn.qkv.weight"] = [528, 176]
            for more in [
                norm(p + "norm1", 176), norm(p + "norm2", 176), linear(p + "attn.proj", 176, 176),
                linear(p + "mlp.fc1", 10, 176), linear(p + "mlp.fc2", 176, 10),
            ] { shapes.merge(more) { $1 } }
        }
        return shapes
    }

    /// A Q-Former of one head of 64 channels, which looks at the picture in layers 0 and 2.
    private var blip2: [String: [Int]] {
        var shapes = norm("ln_vision", 176)
        shapes["query_tokens"] = [1, 4, 64]
        shapes.merge(norm("Qformer.bert.embeddings.LayerNorm", 64)) { $1 }
        for layer in 0..<3 {
            let p = "Qformer.bert.encoder.layer.\(layer)."
            for kind in layer % 2 == 0 ? ["attention", "crossattention"] : ["attention"] {
                let source = kind == "attention" ? 64 : 176
                for more in [
                    linear("\(p)\(kind).self.query", 64, 64),
                    linear("\(p)\(kind).self.key", 64, source),
                    linear("\(p)\(kind).self.value", 64, source),
                    linear("\(p)\(kind).output.dense", 64, 64),
                    norm("\(p)\(kind).output.LayerNorm", 64),
                ] { shapes.merge(more) { $1 } }
            }
            for more in [
                linear(p + "intermediate_query.dense", 12, 64),
                linear(p + "output_query.dense", 64, 12), norm(p + "output_query.LayerNorm", 64),
            ] { shapes.merge(more) { $1 } }
        }
        return shapes
    }

    @Test func sizesFollowFromTheTensors() throws {
        let folder = try temporaryFolder().path
        let files = ["a", "b", "c"].map { "\(folder)/\($0).safetensors" }
        try write(eva, to: files[0])
        try write(blip2, to: files[1])
        try write(linear("llama_proj", 24, 64), to: files[2])
        let imported = try Imported(files)
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        let sizes = try imported.json("image_encoder/config.json")
        for (key, value) in [
            "image_size": 6, "patch_size": 2, "width": 176, "depth": 2, "heads": 2,
            "mlp_hidden": 10, "projection_dim": 24,
        ] { #expect(sizes[key] as? Int == value, "\(key)") }
        let qFormer = sizes["qformer"] as? [String: Any]
        for (key, value) in [
            "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 1,
            "intermediate_size": 12, "query_tokens": 4, "cross_attention_frequency": 2,
        ] { #expect(qFormer?[key] as? Int == value, "\(key)") }
        let odd = try Imported(
            [files[0], files[1], "\(Imported.published)/vision/projection.pth"])
        #expect(odd.result.status == 1)
    }
}

import Checkpoints
import Foundation
import Testing

@Suite struct ModelsTests {
    @Test func theInstalledModelsAreListed() throws {
        let list = try Program.run("voken", ["models", "list"])
        #expect(list.status == 0)
        #expect(list.output.contains("pocket") && list.output.contains("feature_mapper"))
        let imported = try Imported(Imported.miniGPT5, ["--type", "f16"])
        let report = try object(
            Data(
                Program.run("voken", ["models", "list", imported.folder, "--json"]).output.utf8))
        let models = report["models"] as? [[String: Any]] ?? []
        #expect(models.first?["type"] as? String == "f16")
        let stages = models.first?["stages"] as? [[String: Any]] ?? []
        #expect(stages.map { $0["stage"] as? String } == ["language_model", "feature_mapper"])
        #expect(stages.first?["types"] as? [String: Int] == ["F16": 24, "F32": 5])
        #expect(
            try Program.run("voken", ["models", "list", Imported.vision[0]]).output
                .contains("no models"))
    }

    private func inspect(_ path: String) throws -> [String: Any] {
        try object(Data(Program.run("voken", ["models", "inspect", path, "--json"]).output.utf8))
    }

    @Test func everyPublishedFileIsRecognised() throws {
        for (path, kind) in [
            (Imported.miniGPT5[0], "llama"), (Imported.miniGPT5[1], "minigpt5_stage1"),
            (Imported.miniGPT5[2], "minigpt5_stage2"), (Imported.vision[0], "eva"),
            (Imported.vision[1], "blip2"), (Imported.vision[2], "projection"),
            ("\(Imported.published)/vicuna.gguf", "llama"), ("\(Imported.pocket)/unet", "unet"),
            ("\(Imported.pocket)/mapper/model.safetensors", "mapper"),
        ] { #expect(try inspect(path)["kind"] as? String == kind, "\(path)") }
        let checkpoint = try inspect(Imported.miniGPT5[1])
        #expect(checkpoint["ignored_globals"] as? [String] == ["argparse.Namespace"])
        let tensors = checkpoint["tensors"] as? [[String: Any]] ?? []
        let prompt = tensors.first { $0["name"] as? String == "t2i_decoder_prompt" }
        #expect(prompt?["shape"] as? [Int] == [1, 5, 8] && prompt?["type"] as? String == "F32")
        let gguf = try inspect("\(Imported.published)/vicuna.gguf")
        #expect((gguf["metadata"] as? [String: String])?["llama.block_count"] == "2")
        let judge = try inspect("\(Imported.pocket)/judge")
        #expect((judge["recognised"] as? String)?.contains("nothing that is known") == true)
    }

    @Test func aModelSaysWhatItWasMadeOf() throws {
        let imported = try Imported(Imported.miniGPT5)
        let text = try Program.run("voken", ["models", "inspect", imported.folder]).output
        for word in [
            "stage2.ckpt", "as f32", "signs of 300 rows", "language_model: a LLaMA",
            "\"hidden_size\":16",
        ] {
            #expect(text.contains(word), "\(text)")
        }
    }

    @Test func damageIsNamed() throws {
        let imported = try Imported(Imported.miniGPT5)
        func verify() throws -> Program.Result {
            try Program.run("voken", ["models", "verify", imported.folder])
        }
        #expect(try verify().output.contains("sound"))
        let weights = imported.folder + "/feature_mapper/model.safetensors"
        let whole = try Data(contentsOf: URL(filePath: weights))
        var bytes = whole
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(filePath: weights))
        let flipped = try verify()
        #expect(flipped.status == 1 && flipped.errors.contains("not those that were written"))
        try whole.dropLast(4).write(to: URL(filePath: weights))
        #expect(try verify().errors.contains("feature_mapper/model.safetensors: "))
        try FileManager.default.removeItem(atPath: weights)
        #expect(try verify().errors.contains("missing"))
        #expect(try Program.run("voken", ["models", "verify", Imported.pocket]).status == 1)
    }

    @Test func aModelIsStoredAnew() throws {
        let imported = try Imported(Imported.miniGPT5)
        let folder = imported.folder + "-f16"
        // What somebody has changed in the pipeline file stays.
        let pipeline = try String(
            contentsOfFile: imported.folder + "/pipeline.toml", encoding: .utf8)
        let edited = pipeline.replacing("guidance = 7.5", with: "guidance = 4.5")
        try Data(edited.utf8).write(to: URL(filePath: imported.folder + "/pipeline.toml"))
        let result = try Program.run(
            "voken", ["models", "quantize", imported.folder, "--type", "f16", "--to", folder])
        #expect(result.status == 0, "\(result.errors)")
        let (before, after) = (
            try imported.stage("language_model"),
            try CheckpointStore(published: folder + "/language_model")
        )
        #expect(before.names == after.names)
        let copy = try String(contentsOfFile: folder + "/pipeline.toml", encoding: .utf8)
        #expect(copy == edited && copy != pipeline)
        let name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
        #expect(after.values(name) == before.values(name).map { Float(Float16($0)) })
        #expect(try Program.run("voken", ["models", "verify", folder]).status == 0)
    }
}

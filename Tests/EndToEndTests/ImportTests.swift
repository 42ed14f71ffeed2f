import Checkpoints
import Foundation
import Images
import Tensors
import Testing
import Tokenizers

@Suite struct ImportTests {
    @Test(arguments: ["f32", "f16"]) func everyNumberOfAModelIsKept(type: String) throws {
        let imported = try Imported([Imported.pocket], ["--type", type])
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        let folders = [
            "image_encoder": "image_encoder", "language_model": "language_model",
            "mapper": "feature_mapper", "unet": "unet", "vae": "vae",
            "text_encoder": "text_encoder",
        ]
        for (source, stage) in folders {
            let (before, after) = (
                try CheckpointStore(published: "\(Imported.pocket)/\(source)"),
                try imported.stage(stage)
            )
            #expect(before.names == after.names)
            for name in before.names {
                #expect(before.values(name) == after.values(name), "\(stage) \(name)")
            }
        }
        let pipeline = imported.folder + "/pipeline.toml"
        #expect(try Program.run("voken", ["check", pipeline]).status == 0)
        #expect(try Program.run("voken", ["models", "verify", imported.folder]).status == 0)
    }

    /// Matrices and kernels in 32-bit floats lie packed, and become row-major again number by number.
    @Test func f32IsPackedAndTurnsBack() throws {
        let source = Imported.pocket + "/mapper"
        let imported = try Imported([source], ["--type", "f32"])
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        let name = "fc.0.weight"
        let tensors = try imported.stage("feature_mapper").files[0].tensors
        #expect(tensors.packed(named: name)?.layout == .panels)
        let back = imported.folder + "-f16"
        let result = try Program.run(
            "voken", ["models", "quantize", imported.folder, "--type", "f16", "--to", back])
        #expect(result.status == 0, "\(result.errors)")
        let (before, after) = (
            try CheckpointStore(published: source),
            try CheckpointStore(published: back + "/feature_mapper")
        )
        #expect(after.files[0].tensors.packed(named: name) == nil)
        for name in before.names {
            #expect(before.values(name) == after.values(name), "\(name)")
        }
    }

    /// Told and drawn as with the weights that it was made of.
    @Test func storiesAreTheSame() throws {
        let imported = try Imported([Imported.pocket], ["--type", "f16"])
        let text = try String(
            contentsOf: Program.root.appending(path: "etc/pipelines/pocket.toml"), encoding: .utf8)
        var stories: [(text: String, picture: Image)] = []
        for folder in [Imported.pocket, imported.folder] {
            let place = try temporaryFolder().path
            let pipeline = place + "/pipeline.toml"
            try Data(
                text.replacing("../models/pocket/mapper", with: "../models/pocket/feature_mapper")
                    .replacing("../models/pocket", with: folder)
                    .replacing(
                        "\(Imported.pocket)/feature_mapper", with: Imported.pocket + "/mapper"
                    )
                    .utf8
            ).write(to: URL(filePath: pipeline))
            let result = try Program.run(
                "voken",
                [
                    "generate", "A fox lived in the forest.", "--pipeline", pipeline, "--seed", "3",
                    "--scenes", "2", "--steps", "1", "--quiet", "--out", place + "/story",
                ])
            #expect(result.status == 0, "\(result.errors)")
            let png = try Data(contentsOf: URL(filePath: place + "/story/002.png"))
            stories.append(
                (result.output.replacing(place, with: ""), try Image.decode(Array(png))))
        }
        #expect(stories[0].picture.pixels == stories[1].picture.pixels)
        #expect(stories[0].text == stories[1].text && !stories[0].text.isEmpty)
    }

    /// The names that attention has in autoencoders of before 2023, and 1×1 convolutions for
    /// matrices.
    @Test func olderNamesOfAnAutoencoderAreTaken() throws {
        let folder = Program.root.appending(path: "Tests/Fixtures/models/vae-old-names").path
        let imported = try Imported([folder], ["--type", "bf16"])
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        #expect(try imported.stage("vae").names == CheckpointStore(published: folder).names)
    }

    /// Matrices and kernels lie packed, and hold the numbers that rounding gives.
    @Test func bf16IsPackedAndRoundsToTheNearest() throws {
        let imported = try Imported([Imported.pocket], ["--type", "bf16"])
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        for (source, stage, name, isPacked) in [
            ("mapper", "feature_mapper", "fc.0.weight", true),
            ("unet", "unet", "time_embedding.linear_1.weight", true),
            ("image_encoder", "image_encoder", "visual_encoder.blocks.1.attn.qkv.weight", true),
            ("language_model", "language_model", "model.embed_tokens.weight", false),
        ] {
            let before = try CheckpointStore(published: "\(Imported.pocket)/\(source)")
            let after = try imported.stage(stage)
            let expected = before.values(name).map { value in
                let bits = value.bitPattern
                return Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
            }
            #expect(!expected.isEmpty && after.values(name) == expected, "\(name)")
            let packed = after.files[0].tensors.packed(named: name)
            #expect((packed != nil) == isPacked, "\(name)")
        }
        let bias = "llm_to_t2i_mapping.encoder.layers.0.linear1.bias"
        #expect(
            try imported.stage("feature_mapper").values(bias)
                == CheckpointStore(published: "\(Imported.pocket)/mapper").values(bias))
        let pipeline = imported.folder + "/pipeline.toml"
        #expect(try Program.run("voken", ["check", pipeline]).status == 0)
        let kernel = "down_blocks.0.resnets.0.conv1.weight"
        #expect(
            try imported.stage("unet").files[0].tensors.packed(named: kernel)?.layout
                == .winogradPairs)
        // Kernels that were transformed in bf16 are kept as they are, and not taken apart.
        let quantised = imported.folder + "-q8"
        let result = try Program.run(
            "voken", ["models", "quantize", imported.folder, "--type", "q8_0", "--to", quantised])
        #expect(result.status == 0, "\(result.errors)")
        let tensors = try CheckpointStore(published: quantised + "/unet").files[0].tensors
        #expect(tensors.packed(named: kernel)?.layout == .winogradPairs)
        #expect(tensors.packed(named: "time_embedding.linear_1.weight")?.layout == .q8_0)
        let refused = try Program.run(
            "voken",
            ["models", "quantize", quantised, "--type", "f32", "--to", quantised + "-f32"])
        #expect(refused.status != 0 && refused.errors.contains("is rounded already"))
    }

    /// As their user has them: 40 dB from the exact ones after twenty steps.
    @Test func picturesInBF16AreNearTheExactOnes() throws {
        let imported = try Imported([Imported.pocket], ["--type", "bf16"])
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        let text = try String(
            contentsOf: Program.root.appending(path: "etc/pipelines/pocket.toml"), encoding: .utf8)
        var pictures: [[UInt8]] = []
        for folder in [Imported.pocket, imported.folder] {
            let place = try temporaryFolder().path
            let pipeline = place + "/pipeline.toml"
            try Data(
                text.replacing("../models/pocket/unet", with: folder + "/unet")
                    .replacing("../models/pocket/vae", with: folder + "/vae")
                    .replacing("../models/pocket", with: Imported.pocket).utf8
            ).write(to: URL(filePath: pipeline))
            let result = try Program.run(
                "voken",
                [
                    "generate", "A fox lived in the forest.", "--pipeline", pipeline, "--seed", "3",
                    "--scenes", "2", "--steps", "20", "--quiet", "--out", place + "/story",
                ])
            #expect(result.status == 0, "\(result.errors)")
            let png = try Data(contentsOf: URL(filePath: place + "/story/002.png"))
            pictures.append(try Image.decode(Array(png)).pixels)
        }
        let squares = zip(pictures[0], pictures[1]).map { pow(Double($0) - Double($1), 2) }
        let mean = squares.reduce(0, +) / Double(squares.count)
        let decibels = 10 * log10(255 * 255 / max(mean, 1e-9))
        #expect(decibels >= 40 && mean > 0, "\(decibels) dB")
    }

    @Test func eachStageHasItsType() throws {
        let imported = try Imported(
            [Imported.pocket], ["--type", "f16,languageModel=q8_0,unet=bf16"])
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        func layout(_ stage: String, _ name: String) throws -> String? {
            try imported.stage(stage).files[0].tensors[name]?.format.description
        }
        #expect(
            try layout("language_model", "model.layers.0.mlp.up_proj.weight")
                == PackedLayout.q8_0.rawValue)
        #expect(
            try layout("unet", "time_embedding.linear_1.weight") == PackedLayout.pairs.rawValue)
        #expect(try layout("vae", "decoder.conv_in.weight") == "F16")
        let manifest = try Data(
            contentsOf: URL(filePath: imported.folder + "/voken-model.json"))
        #expect(
            String(decoding: manifest, as: UTF8.self)
                .contains("f16,language_model=q8_0,unet=bf16"))
        for wrong in ["q9", "f32,q4", "unet=f32,f16", "f32,nose=f16", ""] {
            let result = try Program.run(
                "voken", ["import", Imported.pocket, "--to", "/tmp/none", "--type", wrong])
            #expect(result.status == 2, "\(wrong): \(result.errors)")
        }
    }

    @Test func miniGPT5IsPutTogetherFromItsFiles() throws {
        let imported = try Imported(Imported.miniGPT5 + Imported.vision)
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        let (base, first, second) = (
            try CheckpointStore(published: Imported.miniGPT5[0]),
            try CheckpointStore(published: Imported.miniGPT5[1]),
            try CheckpointStore(published: Imported.miniGPT5[2])
        )
        let model = try imported.stage("language_model")
        let wrapped = "llama_model.base_model.model."
        // The tables of the last stage, whole; its adapters; all else of the base.
        for (name, trained) in [
            "model.embed_tokens.weight": "model.embed_tokens.modules_to_save.default.weight",
            "lm_head.weight": "lm_head.modules_to_save.default.weight",
            "base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight":
                "model.layers.1.self_attn.v_proj.lora_B.default.weight",
        ] { #expect(model.values(name) == second.values(wrapped + trained), "\(name)") }
        #expect(model.values("model.embed_tokens.weight").count == 309 * 16)
        let matrix = "model.layers.1.self_attn.q_proj.weight"
        #expect(model.values(matrix) == base.values(matrix))
        let mapper = try imported.stage("feature_mapper")
        #expect(mapper.values("fc.0.weight") == first.values("fc.0.weight"))
        #expect(mapper.values("t2i_decoder_prompt") == first.values("t2i_decoder_prompt"))
        let transformer = "llm_to_t2i_mapping.decoder.norm.bias"
        #expect(mapper.values(transformer) == second.values(transformer))
        #expect(mapper.values(transformer) != first.values(transformer))
        let configuration = try imported.json("language_model/config.json")
        #expect(configuration["vocab_size"] as? Int == 309)
        let manifest = try imported.json("voken-model.json")
        #expect((manifest["fingerprint"] as? String)?.hasPrefix("signs of 300 rows") == true)
        #expect((manifest["sources"] as? [Any])?.count == 7)
        #expect(imported.result.errors.contains("was trained from"))
        #expect(try Program.run("voken", ["models", "verify", imported.folder]).status == 0)
    }

    @Test func stageOneAloneIllustratesCaptions() throws {
        let imported = try Imported(Array(Imported.miniGPT5.prefix(2)))
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        let pipeline = try String(
            contentsOfFile: imported.folder + "/pipeline.toml", encoding: .utf8)
        #expect(pipeline.contains("task = \"caption\""))
        let configuration = try imported.json("language_model/config.json")
        #expect(configuration["lora"] == nil)
    }

    @Test func aGGUFIsTheModelThatItWasMadeOf() throws {
        let folder = try Imported(["\(Imported.published)/vicuna"])
        let file = try Imported(["\(Imported.published)/vicuna.gguf"])
        #expect(folder.result.status == 0 && file.result.status == 0, "\(file.result.errors)")
        let (before, after) = (
            try folder.stage("language_model"), try file.stage("language_model")
        )
        #expect(before.names == after.names && before.names.count == 21)
        for name in before.names { #expect(before.values(name) == after.values(name), "\(name)") }
        let tokenizers = try [folder, file].map { imported in
            try LlamaTokenizer(
                path: imported.folder + "/language_model/tokenizer.model", rows: 310)
        }
        for text in ["the red cat sees the blue bird.", "  zwölf </s> [IMG0] ###", "é\n\t日"] {
            #expect(tokenizers[0].encode(text) == tokenizers[1].encode(text))
        }
    }

    /// A model without vokens tells text with no other stage imported.
    @Test func aPlainLanguageModelAnswers() throws {
        let imported = try Imported(["\(Imported.published)/vicuna.gguf"], ["--type", "f16"])
        let pipeline = imported.folder + "/pipeline.toml"
        let text = try String(contentsOfFile: pipeline, encoding: .utf8)
        #expect(text.contains("text_only = true"))
        // The prompt of a dialogue is longer than this tiny model's context.
        let check = try Program.run("voken", ["check", pipeline])
        #expect(check.status == 7 && check.errors.contains("context of 64 tokens"))
    }

    @Test func theSameSourcesGiveTheSameBytes() throws {
        let elsewhere = try temporaryFolder()
        var moved: [String] = []
        for source in Imported.miniGPT5 {
            let copy = elsewhere.appending(path: URL(filePath: source).lastPathComponent)
            try FileManager.default.copyItem(atPath: source, toPath: copy.path)
            moved.append(copy.path)
        }
        let (one, other) = (try Imported(Imported.miniGPT5), try Imported(moved))
        #expect(
            try Imported.contents(of: one.folder) == Imported.contents(of: other.folder))
    }

    @Test func theReportNamesWhatIsNotUsed() throws {
        let imported = try Imported(
            Imported.miniGPT5 + Imported.vision, ["--dry-run", "--json"])
        #expect(imported.leftNothing)
        let report = try object(Data(imported.result.output.utf8))
        let stages = report["stages"] as? [[String: Any]] ?? []
        let encoder = stages.first { $0["stage"] as? String == "image_encoder" }
        let unused = encoder?["unused"] as? [String] ?? []
        #expect(unused.contains("t5_proj.weight") && unused.contains("blocks.2.norm1.weight"))
        #expect(encoder?["missing"] as? [String] == [])
        let model = stages.first { $0["stage"] as? String == "language_model" }
        let rest = model?["unused"] as? [String] ?? []
        #expect(rest.contains("model.layers.0.self_attn.rotary_emb.inv_freq"))
    }
}

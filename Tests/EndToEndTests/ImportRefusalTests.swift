import Checkpoints
import Foundation
import Tensors
import Testing

@Suite struct ImportRefusalTests {
    private let base = Imported.miniGPT5[0]
    private let first = Imported.miniGPT5[1]
    private let second = Imported.miniGPT5[2]

    private func expectRefusal(
        _ sources: [String], _ options: [String] = [], says words: String...
    ) throws {
        let imported = try Imported(sources, options)
        #expect(imported.result.status == 1)
        for word in words {
            #expect(imported.result.errors.contains(word), "\(imported.result.errors)")
        }
        #expect(imported.leftNothing)
    }

    @Test func stagesThatAreSwappedOrAlone() throws {
        try expectRefusal([base, second, second], says: "both stage-2", "stage1_cc3m.ckpt")
        try expectRefusal([base, second], says: "fc and no t2i_decoder_prompt", "stage 1")
        try expectRefusal([first, second], says: "the base", "Vicuna-7B v0")
        try expectRefusal(
            [base, first, second], ["--stage", "unet"], says: "anything for the stage unet")
    }

    @Test func theProjectionOfAnotherModel() throws {
        let vision = Array(Imported.vision.prefix(2))
        try expectRefusal(
            vision + ["\(Imported.published)/projection13b.pth"], says: "13B",
            "prerained_minigpt4_7b.pth")
        try expectRefusal(
            vision + ["\(Imported.published)/projection13b.pth", base, first], says: "5120", "16")
        try expectRefusal(vision, says: "MiniGPT-4 projection", "missing")
    }

    /// A base folder with something changed in it.
    private func changedBase(
        _ change: (inout [String: [Float]], inout [String: Any]) -> Void
    ) throws -> String {
        let folder = try temporaryFolder()
        let store = try CheckpointStore(published: base)
        var tensors: [String: [Float]] = [:]
        var extents: [String: [Int]] = [:]
        for file in store.files {
            for name in file.names {
                tensors[name] = store.values(name)
                extents[name] = file.extents(of: name)
            }
        }
        var configuration = try object(
            Data(contentsOf: URL(filePath: base + "/config.json")))
        change(&tensors, &configuration)
        try Safetensors.write(
            numbers: tensors.sorted { $0.key < $1.key }.map { name, values in
                var extents = extents[name] ?? [values.count]
                let row = extents.dropFirst().reduce(1, *)
                extents[0] = values.count / row
                return (name, TensorNumbers(extents: extents, values: values))
            }, to: folder.path + "/model.safetensors")
        try JSONSerialization.data(withJSONObject: configuration)
            .write(to: folder.appending(path: "config.json"))
        try FileManager.default.copyItem(
            atPath: base + "/tokenizer.model", toPath: folder.path + "/tokenizer.model")
        return folder.path
    }

    @Test func aBaseThatTheCheckpointWasNotTrainedFrom() throws {
        let table = "model.embed_tokens.weight"
        // A relative: every number a few percent away, and no [PAD].
        let relative = try changedBase { tensors, configuration in
            tensors[table] = tensors[table]?.prefix(300 * 16).enumerated().map { index, value in
                value * (index % 2 == 0 ? 1.04 : 0.97)
            }
            configuration["vocab_size"] = 300
        }
        try expectRefusal(
            [relative, first], says: "was not trained from", "a relative", "Vicuna v1.1")
        let stranger = try changedBase { tensors, _ in
            tensors[table] = tensors[table]?.reversed()
        }
        try expectRefusal([stranger, first], says: "was not trained from", "an unrelated model")
        // The right one in another format is accepted.
        let same = try changedBase { _, _ in }
        #expect(try Imported([same, first]).result.status == 0)
    }

    @Test func tensorsThatAreMissingOrTooMany() throws {
        let name = "model.layers.1.mlp.up_proj.weight"
        let less = try changedBase { tensors, _ in tensors[name] = nil }
        try expectRefusal([less], says: "lacks \(name)")
        let more = try changedBase { tensors, _ in
            tensors["model.layers.0.self_attn.q_norm.weight"] = [1, 1]
        }
        try expectRefusal([more], says: "does not ask for", "q_norm", "--ignore")
        #expect(try Imported([more], ["--ignore", "*.q_norm.weight"]).result.status == 0)
        let shape = try changedBase { _, configuration in configuration["intermediate_size"] = 10 }
        try expectRefusal([shape], says: "shape [12, 16]", "[10, 16]")
    }

    @Test func foldersThatWereMixedUp() throws {
        let folder = try temporaryFolder().path
        let files = FileManager.default
        for (name, source) in ["unet": "text_encoder", "tokenizer": "tokenizer", "vae": "vae"] {
            try files.createSymbolicLink(
                atPath: "\(folder)/\(name)", withDestinationPath: "\(Imported.pocket)/\(source)")
        }
        try Data("{}".utf8).write(to: URL(filePath: folder + "/model_index.json"))
        try expectRefusal([folder], says: "/unet holds a CLIP text encoder", "mixed up")
    }

    @Test func filesThatAreOfNoUse() throws {
        let legacy = Program.root.appending(path: "Tests/Fixtures/checkpoints/legacy.pt").path
        try expectRefusal([legacy], says: "before torch 1.6", "save it again")
        try expectRefusal(
            ["\(Imported.pocket)/judge"], says: "no weights that are known here")
        try expectRefusal(["/nonexistent"], says: "/nonexistent")
        #expect(try Imported([base], ["--type", "f12"]).result.status == 2)
    }

    @Test func targetsThatCannotBeWritten() throws {
        let full = try temporaryFolder()
        try Data("mine".utf8).write(to: full.appending(path: "notes.txt"))
        let refused = try Imported([base], to: full.path)
        #expect(refused.result.status == 1 && refused.result.errors.contains("not empty"))
        #expect(try Imported([base], ["--force"], to: full.path).result.status == 1)
        let below = try Imported([base], to: full.path + "/notes.txt/model")
        #expect(below.result.status == 1 && below.result.errors.contains("notes.txt"))
        // A model is replaced only when that is asked for.
        let model = try Imported([base])
        #expect(try Imported([base], to: model.folder).result.errors.contains("--force"))
        let again = try Imported(
            ["\(Imported.published)/vicuna.gguf"], ["--force"], to: model.folder)
        #expect(again.result.status == 0)
        let manifest = try again.json("voken-model.json")
        let sources = manifest["sources"] as? [[String: Any]]
        #expect(sources?.first?["name"] as? String == "vicuna.gguf")
    }
}

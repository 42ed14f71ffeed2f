import Checkpoints
import Foundation
import TestSupport
import Testing

/// Weights as others publish them: one file of any format, or a folder.
struct PublishedWeightsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: ["nested.pt", "protocol4.bin", "nested.safetensors", "blocks.gguf"])
    func opensOneFile(name: String) throws {
        let store = try CheckpointStore(published: fixture("checkpoints/\(name)").path)
        #expect(store.files.count == 1)
        let name = name == "blocks.gguf" ? "q8_0.weight" : "view.transposed"
        #expect(store.weight(named: name)?.isMaterialised == true)
        expectError(.unsupported, "torch ≥ 1.6") {
            try CheckpointStore(published: fixture("checkpoints/legacy.pt").path)
        }
        expectError(.notFound) { try CheckpointStore(published: folder.path + "/absent") }
    }

    /// The length of the header may look like the beginning of another format.
    @Test func tellsSafetensorsByTheirHeader() throws {
        let header = #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
        let padding = String(repeating: " ", count: 0x80 - header.utf8.count)
        try folder.write("a", safetensors(header + padding))
        #expect(try CheckpointStore(published: folder.path + "/a").names == ["a"])
    }

    @Test func opensShardsOfTorch() throws {
        for (index, name) in ["a", "b"].enumerated() {
            let pickle = Pickled.program(Pickled.dictionary([(name, Pickled.tensor())]))
            let data = bytes(Float(index).bitPattern, 0, 0, 0)
            try folder.write(
                "pytorch_model-\(index).bin",
                ZipBuilder(pickle: pickle, storages: ["0": data]).contents)
        }
        try folder.write("training_args.bin", [1, 2, 3])
        let index = "pytorch_model.bin.index.json"
        try folder.write(
            index, #"{"weight_map":{"a":"pytorch_model-0.bin","b":"pytorch_model-1.bin"}}"#)
        let store = try CheckpointStore(published: folder.path)
        #expect(store.names == ["a", "b"])
        #expect(store.weight(named: "b")?.tensor().values == [1, 0, 0, 0])
        try folder.write(index, #"{"weight_map":{"c":"pytorch_model-0.bin"}}"#)
        expectError(.malformed, "pytorch_model-0.bin holds c, which it lacks") {
            try CheckpointStore(published: folder.path)
        }
        try folder.write(index, #"{"weight_map":{"a":"a.safetensors"}}"#)
        expectError(.malformed, "not the name of a bin file") {
            try CheckpointStore(published: folder.path)
        }
    }

    @Test func choosesAmongFormats() throws {
        expectError(.notFound, "holds no weights") { try CheckpointStore(published: folder.path) }
        try folder.write("one.gguf", GGUFBuilder().contents)
        #expect(try CheckpointStore(published: folder.path).names == ["w"])
        try folder.write("two.gguf", GGUFBuilder().contents)
        expectError(.unsupported, "holds 2 GGUF files; name one of them, such as one.gguf") {
            try CheckpointStore(published: folder.path)
        }
        let pickle = Pickled.program(Pickled.dictionary([("a", Pickled.tensor())]))
        try folder.write(
            "pytorch_model.bin",
            ZipBuilder(pickle: pickle, storages: ["0": [UInt8](repeating: 0, count: 16)]).contents)
        #expect(try CheckpointStore(published: folder.path).names == ["a"])
        try folder.write("model.safetensors", ["s": [1]])
        #expect(try CheckpointStore(published: folder.path).names == ["s"])
        expectError(.malformed, "w is also in") {
            let file = try GGUF(path: folder.path + "/one.gguf")
            return try CheckpointStore([file, try GGUF(path: folder.path + "/two.gguf")])
        }
    }
}

import Checkpoints
import Layers
import Tensors
import Testing

struct ModelFolderTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("config.json", #"{"hidden_size": 8, "name": "pocket"}"#)
    }

    @Test(arguments: [
        "model.safetensors", "diffusion_pytorch_model.safetensors", "eva.safetensors",
    ])
    func opensOneFile(name: String) throws {
        try folder.write(name, ["a.weight": [1, 2]])
        let model = try ModelFolder.open(folder.path)
        #expect(try model.configuration.integer("hidden_size") == 8)
        #expect(try model.parameters["a"].tensor("weight", [2]).values == [1, 2])
        #expect(model.weightFiles == [folder.path + "/" + name])
    }

    @Test func opensShards() throws {
        try folder.write("model-00001-of-00002.safetensors", ["a": [1]])
        try folder.write("model-00002-of-00002.safetensors", ["b": [2], "c": [3]])
        try index([
            "a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors",
        ])
        let model = try ModelFolder.open(folder.path)
        #expect(try model.parameters.tensor("b", [1]).values == [2])
        #expect(try model.parameters.tensor("a", [1]).values == [1])
        #expect(throws: ParameterError(.unused, name: "c")) { try model.requireAllRead() }
    }

    @Test func opensThePartsOfAStage() throws {
        try folder.write("eva.safetensors", ["visual_encoder.a": [1]])
        try folder.write("qformer.safetensors", ["Qformer.bert.b": [2]])
        let model = try ModelFolder.open(folder.path)
        #expect(try model.parameters["visual_encoder"].tensor("a", [1]).values == [1])
        #expect(try model.parameters["Qformer"]["bert"].tensor("b", [1]).values == [2])
        try folder.write("again.safetensors", ["visual_encoder.a": [1]])
        expectError(.malformed, "visual_encoder.a is also in") {
            try ModelFolder.open(folder.path)
        }
    }

    @Test func prefersTheWholeModelToOtherFiles() throws {
        try folder.write("model.safetensors", ["a": [1]])
        try folder.write("model.fp16.safetensors", ["a": [2]])
        #expect(try ModelFolder.open(folder.path).parameters.tensor("a", [1]).values == [1])
    }

    @Test func refusesBadIndices() throws {
        try folder.write("one.safetensors", ["a": [1]])
        try index(["a": "../one.safetensors"])
        expectError(.malformed, "not the name of a safetensors file") {
            try ModelFolder.open(folder.path)
        }
        try index(["b": "one.safetensors"])
        expectError(.malformed, "one.safetensors holds b, which it lacks") {
            try ModelFolder.open(folder.path)
        }
        try index(["a": "two.safetensors"])
        expectError(.notFound, "two.safetensors") { try ModelFolder.open(folder.path) }
        try folder.write("model.safetensors.index.json", "{}")
        expectError(.malformed, "weight_map") { try ModelFolder.open(folder.path) }
    }

    @Test func namesTheRemedyWhereWeightsAreMissing() throws {
        expectError(.notFound, "expected model.safetensors") { try ModelFolder.open(folder.path) }
        try folder.write("q.gguf", "")
        expectError(.notFound, "q.gguf is a GGUF file: convert it once with \"voken import\"") {
            try ModelFolder.open(folder.path)
        }
        try folder.write("pytorch_model.bin", "")
        expectError(.notFound, "pytorch_model.bin is a PyTorch file: convert it once with \"voken")
        {
            try ModelFolder.open(folder.path)
        }
        expectError(.notFound) { try ModelFolder.open(folder.path + "/absent") }
    }

    @Test func refusesBadConfigurations() throws {
        try folder.write("model.safetensors", ["a": [1]])
        try folder.write("config.json", "{\"a\": }")
        expectError(.malformed, "config.json: line 1, column 7") {
            try ModelFolder.open(folder.path)
        }
        try folder.write("config.json", "[]")
        expectError(.malformed, "not a JSON object") { try ModelFolder.open(folder.path) }
        try folder.write("config.json", String(repeating: " ", count: 1 << 20 + 1))
        expectError(.overLimit) { try ModelFolder.open(folder.path) }
    }

    @Test func namesMissingAndLeftOverParameters() throws {
        try folder.write(
            "model.safetensors", ["a": [1], "b.lora_A": [2], "b.lora_B": [3], "c": [4, 5]])
        let model = try ModelFolder.open(folder.path)
        #expect(throws: ParameterError(.missing, name: "x.y", expected: [2])) {
            try model.parameters["x"].tensor("y", [2])
        }
        #expect(throws: ParameterError(.shapeMismatch, name: "c", expected: [1], found: [2])) {
            try model.parameters.tensor("c", [1])
        }
        #expect(throws: ParameterError(.unused, name: "a", others: 2)) {
            try model.requireAllRead()
        }
        #expect(throws: ParameterError(.unused, name: "a")) {
            try model.requireAllRead(ignoring: ["b.*"])
        }
        try model.requireAllRead(ignoring: ["*lora_A", "b*_B", "a"])
    }

    @Test func integersMayBeLeftOver() throws {
        let header =
            #"{"position_ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#
        try folder.write(
            "model.safetensors", safetensors(header, data: [UInt8](repeating: 0, count: 8)))
        try ModelFolder.open(folder.path).requireAllRead()
    }

    /// Compared with the digest of the file's own bytes, and with that of `sha256sum`'s lines.
    @Test func hashesTheWeights() throws {
        try folder.write("b.safetensors", ["b": [1]])
        let one = SHA256.hash(try folder.read("b.safetensors"))
        #expect(try ModelFolder.open(folder.path).weightsHash == one)
        try folder.write("a.safetensors", ["a": [2]])
        let two = SHA256.hash(try folder.read("a.safetensors"))
        let listing = "\(two)  a.safetensors\n\(one)  b.safetensors\n"
        #expect(try ModelFolder.open(folder.path).weightsHash == SHA256.hash(Array(listing.utf8)))
    }

    @Test func recordsWhatAModelAsksFor() throws {
        let configuration = Settings(["hidden_size": .integer(4096)])
        let (model, recorder) = ModelFolder.recording(configuration: configuration)
        guard
            case .stored(let weight) = try model.parameters["layers"][3].matrix(
                "weight", [4096, 11008])
        else {
            Issue.record("a matrix that is recorded is packed")
            return
        }
        #expect(!weight.isMaterialised)
        _ = try model.parameters.kernel("conv", [8, 4, 3, 3], stride: 2)
        _ = try model.parameters.tensor("norm", [2])
        _ = try model.parameters.tensor("norm", [2])
        #expect(recorder.parameters.map(\.name) == ["layers.3.weight", "conv", "norm"])
        #expect(recorder.parameters.map(\.shape) == [[4096, 11008], [8, 4, 3, 3], [2]])
        #expect(recorder.parameters.map(\.use) == [.matrix(parts: 1), .kernel(stride: 2), .vector])
        #expect(model.weightsHash == nil)
        try model.requireAllRead()
    }

    private func index(_ map: [String: String]) throws {
        let pairs = map.map { "\(JSON.quoted($0.key)): \(JSON.quoted($0.value))" }
        try folder.write(
            "model.safetensors.index.json",
            #"{"metadata": {}, "weight_map": {\#(pairs.joined(separator: ", "))}}"#)
    }
}

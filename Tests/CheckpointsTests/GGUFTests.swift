import Checkpoints
import Foundation
import TestSupport
import Testing

/// A file of ggml's own writer; `Tests/Reference/checkpoints.py` wrote it.
struct GGUFTests {
    @Test func readsTheReferencesNumbers() throws {
        let file = try GGUF(path: fixture("checkpoints/blocks.gguf").path)
        let expected = try Safetensors(path: fixture("checkpoints/blocks.safetensors").path)
        #expect(file.names == expected.names)
        #expect(file.names.count == 7)
        for name in file.names {
            #expect(file.extents(of: name) == expected.extents(of: name), "\(name)")
            let values = try #require(file.weight(named: name)).tensor().values
            #expect(values == expected.weight(named: name)?.tensor().values, "\(name)")
            #expect(try file.numbers(named: name)?.values == values, "\(name)")
        }
        #expect(file.tensors["q4_1.weight"]?.format == .blocks(.q4_1))
        #expect(file.tensors["bf16.weight"]?.format == .elements(.bfloat16))
        #expect(file.tensors["q8_0.weight"]?.bytes.count == 3 * 2 * 34)
    }

    @Test func readsTheReferencesMetadata() throws {
        let metadata = try GGUF(path: fixture("checkpoints/blocks.gguf").path).metadata
        #expect(try metadata.string("general.architecture") == "llama")
        #expect(try metadata.integer("llama.embedding_length") == 64)
        #expect(
            try metadata.number("llama.attention.layer_norm_rms_epsilon") == Double(Float(1e-5)))
        #expect(
            try metadata.strings("tokenizer.ggml.tokens") == ["<unk>", "\u{2581}a", "\u{e9}", ""])
        #expect(try metadata.strings("tokenizer.ggml.merges") == ["a b", "ab c"])
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [2, 1, 1, 6])
        #expect(
            metadata.value("tokenizer.ggml.scores")
                == .array([.number(0), .number(-1.5), .number(2), .number(Double(Float(-1e9)))]))
        #expect(try metadata.boolean("tokenizer.ggml.add_bos_token"))
        let integers = [
            "uint8": 200, "int8": -100, "uint16": 60_000, "int16": -30_000,
            "int32": -2_000_000_000, "uint64": 1 << 62, "int64": -1 << 62,
        ]
        for (kind, value) in integers { #expect(try metadata.integer("test.\(kind)") == value) }
        #expect(try metadata.number("test.float64") == 0.1)
        #expect(metadata.value("test.nested") == .array([.array([1, 2]), .array([3])]))
    }
}

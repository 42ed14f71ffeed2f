import Checkpoints
import Foundation
import TestSupport
import Testing

/// GGUF headers that lie: each is refused by name, and nothing is read outside the file.
struct HostileGGUFTests {
    private typealias B = GGUFBuilder

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ bytes: [UInt8]) throws -> GGUF {
        try folder.write("w.gguf", bytes)
        return try GGUF(path: folder.path + "/w.gguf")
    }

    private func refuses(
        _ code: CheckpointError.Code, _ reason: String,
        sourceLocation: SourceLocation = #_sourceLocation, _ edit: (inout GGUFBuilder) -> Void
    ) {
        var file = GGUFBuilder()
        edit(&file)
        expectError(code, reason, sourceLocation: sourceLocation) { try open(file.contents) }
    }

    @Test func acceptsWhatTheOthersAreMadeOf() throws {
        #expect(try open(B().contents).weight(named: "w")?.shape == [8])
        var other = B()
        other.version = 2
        other.alignment = 64
        other.pairs.append(B.pair("general.alignment", 4, bytes(64 as UInt32)))
        other.tensors.append(B.Tensor(name: "v", extents: [32, 2], type: 8, offset: 64))
        other.data = [UInt8](repeating: 0, count: 64 + 68)
        #expect(try open(other.contents).weight(named: "v")?.shape == [2, 32])
        var none = B()
        (none.tensors, none.data) = ([], [])
        #expect(try open(none.contents).names.isEmpty)
    }

    @Test func refusesOtherFiles() {
        refuses(.malformed, "not a GGUF file") { $0.magic = Array("GGML".utf8) }
        refuses(.unsupported, "of GGUF version 1") { $0.version = 1 }
        refuses(.unsupported, "of GGUF version 4") { $0.version = 4 }
        refuses(.unsupported, "big-endian") { $0.version = 0x0300_0000 }
        refuses(.unsupported, "architecture \"gpt2\"") {
            $0.pairs = [B.pair("general.architecture", 8, B.text("gpt2"))]
        }
        refuses(.unsupported, "architecture none") { $0.pairs = [] }
        refuses(.unsupported, "architecture 3") {
            $0.pairs = [B.pair("general.architecture", 4, bytes(3 as UInt32))]
        }
    }

    @Test func limitsCounts() {
        refuses(.overLimit, "tensors and 1 keys") { $0.tensorCount = .max }
        refuses(.overLimit, "keys; the limits") { $0.keyCount = 1 << 40 }
        refuses(.overLimit, "a tensor name of 0 bytes") { $0.tensorCount = 65_536 }
        refuses(.overLimit, "a key of") { $0.keyCount = 3 }
        refuses(.overLimit, "a key of 0 bytes") { $0.pairs.append(B.pair("", 0, [1])) }
        refuses(.overLimit, "a key of 513 bytes") {
            $0.pairs.append(B.pair(String(repeating: "k", count: 513), 0, [1]))
        }
        refuses(.overLimit, "a tensor name of 0 bytes") { $0.tensors[0].name = "" }
        refuses(.overLimit, "a tensor name of 600 bytes") {
            $0.tensors[0].name = String(repeating: "n", count: 600)
        }
        refuses(.overLimit, "has 5 axes") { $0.tensors[0].rank = 5 }
        refuses(.overLimit, "axes; the limit") { $0.tensors[0].rank = .max }
    }

    @Test func refusesMetadata() {
        func refuses(
            _ code: CheckpointError.Code, _ reason: String, _ type: UInt32, _ value: [UInt8],
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            self.refuses(code, reason, sourceLocation: sourceLocation) {
                $0.pairs.append(B.pair("key", type, value))
            }
        }
        let long = bytes(UInt64.max)
        refuses(.malformed, "unknown value type 13", 13, [])
        refuses(.malformed, "has 2 for true or false", 7, [2])
        refuses(.malformed, "truncated", 8, long)
        refuses(.malformed, "truncated", 8, bytes(UInt64(1 << 20)))
        refuses(.malformed, "not UTF-8", 8, bytes(2 as UInt64) + [0xc3, 0x28])
        refuses(.unsupported, "key is 18446744073709551615", 10, long)
        refuses(.overLimit, "claims 18446744073709551615 elements", 9, bytes(0 as UInt32) + long)
        refuses(.malformed, "truncated", 9, bytes(8 as UInt32) + bytes(1000 as UInt64))
        refuses(.malformed, "unknown value type 99", 9, bytes(99 as UInt32) + bytes(1 as UInt64))
        let nest = bytes(9 as UInt32) + bytes(1 as UInt64)
        refuses(
            .overLimit, "deeper than 4", 9, (0..<100).flatMap { _ in nest })
        self.refuses(.malformed, "has the key general.architecture twice") {
            $0.pairs.append($0.pairs[0])
        }
        for value in [0, 7, 48, 1 << 20, UInt32.max] {
            self.refuses(.malformed, "general.alignment is") {
                $0.pairs.append(B.pair("general.alignment", 4, bytes(value)))
            }
        }
        self.refuses(.malformed, "general.alignment is \"32\"") {
            $0.pairs.append(B.pair("general.alignment", 8, B.text("32")))
        }
    }

    @Test func refusesTensorsOfOtherTypes() {
        for (number, name) in [
            (12, "Q4_K"), (14, "Q6_K"), (6, "Q5_0"), (28, "F64"), (26, "I32"), (20, "IQ4_NL"),
            (4, "number 4"), (1000, "number 1000"),
        ] as [(UInt32, String)] {
            refuses(.unsupported, "is of type \(name)") { $0.tensors[0].type = number }
        }
    }

    @Test func refusesTensorsOutsideTheFile() {
        let huge: UInt64 = 1 << 62
        refuses(.malformed, "overflows") { $0.tensors[0].extents = [huge, 8] }
        refuses(.malformed, "overflows") { $0.tensors[0].extents = [0, huge, 8] }
        refuses(.malformed, "overflows") {
            $0.tensors[0].extents = [32, huge >> 4]
            $0.tensors[0].type = 2
        }
        refuses(.malformed, "an extent of") { $0.tensors[0].extents = [.max] }
        refuses(.malformed, "not of whole blocks") { $0.tensors[0].type = 8 }
        refuses(.malformed, "not of whole blocks") {
            ($0.tensors[0].type, $0.tensors[0].extents) = (3, [])
        }
        refuses(.malformed, "truncated: tensor w") { $0.tensors[0].extents = [9] }
        refuses(.malformed, "truncated: tensor w") { $0.tensors[0].extents = [1 << 40] }
        refuses(.malformed, "truncated: tensor w") { $0.tensors[0].offset = 64 }
        refuses(.malformed, "truncated: tensor w") { $0.tensors[0].offset = .max - 31 }
        refuses(.malformed, "not a multiple of 32") { $0.tensors[0].offset = 4 }
        refuses(.malformed, "lists tensor w twice") { $0.tensors.append($0.tensors[0]) }
        refuses(.malformed, "overlaps another") { $0.tensors.append(B.Tensor(name: "v")) }
        refuses(.malformed, "follows a hole") {
            $0.tensors[0].offset = 32
            $0.data += $0.data
        }
        refuses(.malformed, "32 bytes at the end belong to no tensor") { $0.data += $0.data }
        refuses(.malformed, "truncated") { $0.data = [] }
    }

    @Test func limitsTheValuesOfAllKeys() {
        let count = 1 << 20
        let array = bytes(0 as UInt32) + bytes(UInt64(count)) + [UInt8](repeating: 1, count: count)
        refuses(.overLimit, "the limit of all is") { file in
            file.pairs += (0..<2).map { B.pair("key\($0)", 9, array) }
        }
    }

    @Test func refusesEveryTruncation() throws {
        let whole = Array(try Data(contentsOf: fixture("checkpoints/blocks.gguf")))
        // The last tensor ends before padding, which a file may lack.
        for length in 0..<whole.count - 32 {
            #expect(throws: CheckpointError.self, "cut at \(length)") {
                try open(Array(whole[..<length]))
            }
        }
    }

    /// A damaged header is refused, or all its tensors can be read.
    @Test func survivesDamage() throws {
        let whole = Array(try Data(contentsOf: fixture("checkpoints/blocks.gguf")))
        var generator = SplitMix(state: 9)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<1400, using: &generator)] =
                    UInt8.random(in: 0...255, using: &generator)
            }
            do {
                let file = try open(bytes)
                for name in file.names {
                    if let weight = file.weight(named: name) {
                        #expect(weight.tensor().count == weight.shape.count)
                    }
                }
            } catch { refused += 1 }
        }
        #expect(refused > 500)
    }
}

import Checkpoints
import Foundation
import TestSupport
import Testing

/// Headers that lie: each is refused by name, and nothing is read outside the file.
struct HostileSafetensorsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "does not fill"),
        (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "truncated"),
        (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "truncated"),
        (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "truncated"),
        (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, "lacks"),
        (#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "lacks"),
        (#"{"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, "lacks"),
        (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, "lacks"),
        (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#, "lacks"),
        (#"{"w":{"dtype":"F32","data_offsets":[0,4]}}"#, "lacks"),
        (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, "lacks"),
        (#"{"w":[]}"#, "lacks"),
        (
            #"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
            "does not fill"
        ),
        (
            #"{"w":{"dtype":"F32","shape":[9223372036854775807,0,3],"data_offsets":[0,0]}}"#,
            "does not fill"
        ),
        (#"{"w":{"dtype":"F32","shape":[18446744073709551617],"data_offsets":[0,4]}}"#, "lacks"),
        (#"{"w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, "belong to no tensor"),
        (#"{"w":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}"#, "follows a hole"),
        (
            #"{"v":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"#
                + #""w":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#, "overlaps"
        ),
        (
            #"{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
                + #""v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "twice"
        ),
        (#"{"__metadata__":{"a":1}}"#, "not a string"), (#"{"__metadata__":[]}"#, "not an object"),
        ("[]", "not an object"), ("", "in the header"), ("{", "in the header"), ("{}", "no tensor"),
    ])
    func refuses(header: String, reason: String) throws {
        try folder.write("w.safetensors", safetensors(header, data: [0, 0, 0, 0]))
        expectError(.malformed, reason) { try Safetensors(path: folder.path + "/w.safetensors") }
    }

    @Test func refusesUnknownTypes() throws {
        let header = #"{"w":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#
        try folder.write("w.safetensors", safetensors(header, data: [0, 0, 0, 0]))
        expectError(.unsupported, "F33") { try Safetensors(path: folder.path + "/w.safetensors") }
    }

    @Test func limitsRankNamesAndHeader() throws {
        let ones = [String](repeating: "1", count: 9).joined(separator: ",")
        let deep = #"{"w":{"dtype":"U8","shape":[\#(ones)],"data_offsets":[0,1]}}"#
        let name = String(repeating: "n", count: 513)
        let long = #"{"\#(name)":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
        for header in [deep, long] {
            try folder.write("w.safetensors", safetensors(header, data: [0]))
            expectError(.overLimit) { try Safetensors(path: folder.path + "/w.safetensors") }
        }
        let claims: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        try folder.write("w.safetensors", claims + [0])
        expectError(.overLimit) { try Safetensors(path: folder.path + "/w.safetensors") }
    }

    @Test func limitsTheNumberOfTensors() throws {
        let members = (0...65_536).map {
            #""\#($0)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        }
        let header = "{" + members.joined(separator: ",") + "}"
        try folder.write("w.safetensors", safetensors(header))
        expectError(.overLimit) { try Safetensors(path: folder.path + "/w.safetensors") }
    }

    @Test func refusesEveryTruncation() throws {
        let whole = Array(try Data(contentsOf: fixture("checkpoints/weights.safetensors")))
        for length in 0..<whole.count {
            try folder.write("w.safetensors", Array(whole[..<length]))
            #expect(throws: CheckpointError.self, "cut at \(length)") {
                try Safetensors(path: folder.path + "/w.safetensors")
            }
        }
    }

    /// A damaged header is refused, or all its tensors can be read.
    @Test func survivesDamage() throws {
        let whole = Array(try Data(contentsOf: fixture("checkpoints/weights.safetensors")))
        var generator = SplitMix(state: 5)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<496, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            try folder.write("w.safetensors", bytes)
            do {
                let file = try Safetensors(path: folder.path + "/w.safetensors")
                for name in file.names {
                    if let weight = file.weight(named: name) {
                        #expect(weight.tensor().count == weight.shape.count)
                    }
                }
            } catch { refused += 1 }
        }
        #expect(refused > 1000)
    }

    @Test func refusesWhatIsNotAFile() throws {
        expectError(.notFound) { try Safetensors(path: folder.path + "/absent") }
        expectError(.unreadable, "not a regular file") { try Safetensors(path: folder.path) }
        expectError(.unreadable, "not a regular file") { try Safetensors(path: "/dev/zero") }
    }
}

import Checkpoints
import Foundation
import Tensors
import Testing

/// A folder that goes with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "voken-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path + "/" + name))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    /// A safetensors file of vectors, which takes the place of one of that name by renaming.
    func write(_ name: String, _ tensors: [String: [Float]]) throws {
        try Safetensors.write(
            tensors.map { ($0.key, Weight(Tensor([$0.value.count], $0.value))) },
            to: path + "/" + name)
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path + "/" + name)))
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// A safetensors file of a header and data.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    let header = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: UInt64(header.count) >> (8 * $0)) } + header
        + data
}

/// Expects an error of a code whose text names the place and, if given, a part of the reason.
func expectError(
    _ code: CheckpointError.Code, _ part: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> some Any
) {
    #expect(sourceLocation: sourceLocation) {
        _ = try body()
    } throws: { error in
        guard let error = error as? CheckpointError else { return false }
        return error.code == code && !error.path.isEmpty
            && (part.map(error.description.contains) ?? true)
    }
}

/// Numbers that are the same on every run (Steele et al., 2014: SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

struct SafetensorsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The numbers of `Tests/Reference/checkpoints.py`.
    private static let floats = (0..<15).map { Float($0) / 7 - 1 }

    @Test func readsTheReferencesFile() throws {
        let file = try Safetensors(path: fixture("checkpoints/weights.safetensors").path)
        #expect(file.metadata == ["format": "pt"])
        #expect(file.names.count == 7)
        let convolution = try #require(file.weight(named: "conv.weight"))
        #expect(convolution.shape == [2, 3, 1, 2])
        #expect(convolution.tensor().values == (0..<12).map(Float.init))
        #expect(file.weight(named: "norm.weight")?.tensor().values == Array(Self.floats[..<5]))
        #expect(file.weight(named: "scalar")?.tensor().values == [2.5])
        #expect(file.weight(named: "empty")?.shape == [0, 4])
        #expect(
            file.weight(named: "z\u{e9}ro \"quoted\"")?.tensor().values == [
                71_362 * .leastNonzeroMagnitude, -0, 65_504,
            ])
        let half = try #require(file.weight(named: "half"))
        #expect(half.format == .float16)
        #expect(half.tensor().values == Self.floats.map { Float(Float16($0)) })
        let brain = try #require(file.weight(named: "brain"))
        #expect(brain.format == .bfloat16)
        expectClose(brain.tensor().values, Self.floats, relative: 0x1p-8)
    }

    @Test func passesOverOtherTypes() throws {
        let file = try Safetensors(path: fixture("checkpoints/mixed.safetensors").path)
        #expect(file.names == ["embeddings.position_ids", "embeddings.weight", "mask", "step"])
        #expect(file.weight(named: "embeddings.position_ids") == nil)
        #expect(file.weight(named: "embeddings.weight")?.tensor().values == Self.floats)
        #expect(file.weight(named: "absent") == nil)
    }

    @Test func writesTheReferencesBytes() throws {
        let path = fixture("checkpoints/weights.safetensors").path
        let file = try Safetensors(path: path)
        let weights = try file.names.map {
            (name: $0, weight: try #require(file.weight(named: $0)))
        }
        try Safetensors.write(
            weights.reversed(), metadata: file.metadata, to: folder.path + "/w.safetensors")
        #expect(
            try folder.read("w.safetensors")
                == Array(try Data(contentsOf: fixture("checkpoints/weights.safetensors"))))
    }

    @Test(arguments: WeightFormat.allCases)
    func readsWhatItWrites(format: WeightFormat) throws {
        let tensor = Tensor([3, 5], Self.floats)
        let weight = Weight(tensor, format: format)
        try Safetensors.write([("w", weight)], to: folder.path + "/w.safetensors")
        let read = try Safetensors(path: folder.path + "/w.safetensors").weight(named: "w")
        #expect(read?.format == format)
        #expect(read?.tensor().values == weight.tensor().values)
        #expect(try folder.names == ["w.safetensors"])
    }

    @Test func replacesAFileThatIsOpen() throws {
        let path = folder.path + "/w.safetensors"
        try Safetensors.write([("w", Weight(Tensor([2], [1, 2])))], to: path)
        let old = try Safetensors(path: path)
        try Safetensors.write([("w", Weight(Tensor([2], [3, 4])))], to: path)
        #expect(old.weight(named: "w")?.tensor().values == [1, 2])
        #expect(try Safetensors(path: path).weight(named: "w")?.tensor().values == [3, 4])
    }

    @Test func leavesNothingBehindWhereItCannotWrite() throws {
        expectError(.unwritable, "cannot create") {
            try Safetensors.write([], to: folder.path + "/absent/w.safetensors")
        }
        try FileManager.default.createDirectory(
            atPath: folder.path + "/taken/inside", withIntermediateDirectories: true)
        expectError(.unwritable, "cannot rename") {
            try Safetensors.write([], to: folder.path + "/taken")
        }
        #expect(try folder.names == ["taken"])
    }

    @Test func copiesUnalignedData() throws {
        let header =
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
            + #""b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}"#
        var data: [UInt8] = [7]
        for value in [1.5, -2] as [Float] {
            data += (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
        try folder.write("w.safetensors", safetensors(header, data: data))
        let file = try Safetensors(path: folder.path + "/w.safetensors")
        let account = MemoryAccount()
        let weight = MemoryAccount.charging(account) { file.weight(named: "b") }
        #expect(account.tensors.bytes == 8)
        #expect(weight?.tensor().values == [1.5, -2])
    }

    @Test func chargesNobodyForWeightsReadInPlace() throws {
        let path = folder.path + "/w.safetensors"
        try Safetensors.write([("w", Weight(Tensor([2], [1, 2])))], to: path)
        let account = MemoryAccount()
        let weight = try MemoryAccount.charging(account) {
            try Safetensors(path: path).weight(named: "w")
        }
        #expect(weight?.tensor().values == [1, 2])
        #expect(account.tensors.peak == 0)
    }

    /// Arrays of numbers may be of any rank, and in double precision.
    @Test func readsNumbersOfEveryKind() throws {
        let values = [1.5, -0.25, .infinity, 0.1]
        func bytes<Bits: FixedWidthInteger>(_ bits: [Bits]) -> [UInt8] {
            bits.flatMap { bits in
                (0..<Bits.bitWidth / 8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
            }
        }
        let kinds: [(String, [UInt8], [Float])] = [
            ("F64", bytes(values.map(\.bitPattern)), values.map { Float($0) }),
            ("F32", bytes(values.map { Float($0).bitPattern }), values.map { Float($0) }),
            (
                "F16", bytes(values.map { Float16($0).bitPattern }),
                values.map { Float(Float16($0)) }
            ),
            (
                "BF16", bytes(values.map { UInt16(Float($0).bitPattern >> 16) }),
                values.map { Float(bitPattern: Float($0).bitPattern & 0xffff_0000) }
            ),
        ]
        for (kind, data, expected) in kinds {
            let header =
                #"{"a":{"dtype":"\#(kind)","shape":[1,2,1,1,2],"data_offsets":[0,\#(data.count)]}}"#
            try folder.write("n.safetensors", safetensors(header, data: data))
            let file = try Safetensors(path: folder.path + "/n.safetensors")
            let numbers = try #require(try file.numbers(named: "a"))
            #expect(numbers == Safetensors.Numbers(extents: [1, 2, 1, 1, 2], values: expected))
            #expect(try file.numbers(named: "b") == nil)

            let path = folder.path + "/again.safetensors"
            try Safetensors.write(numbers: [("b", numbers), ("a", numbers)], to: path)
            let again = try Safetensors(path: path)
            #expect(again.names == ["a", "b"])
            #expect(try again.numbers(named: "b") == numbers)
        }
        let integers = #"{"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}"#
        try folder.write("i.safetensors", safetensors(integers, data: [1, 0, 0, 0]))
        expectError(.unsupported, "expected F64, F32, F16 or BF16") {
            _ = try Safetensors(path: folder.path + "/i.safetensors").numbers(named: "a")
        }
    }
}

import Checkpoints
import Foundation
import Layers
import Tensors
import TestSupport
import Testing

/// Weights in the order in which kernels read them, in files.
@Suite struct PackedTensorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var path: String { folder.path + "/w.safetensors" }

    private static func numbers(_ shape: Shape) -> Tensor {
        Tensor(shape, (0..<shape.count).map { Float($0 % 29) / 8 - 1.5 })
    }

    /// Equal to what was packed in memory, and read where it lies.
    @Test(arguments: WeightType.allCases)
    func readsWhatWasWritten(type: WeightType) throws {
        let uses: [(String, Shape, ParameterUse)] = [
            ("bias", [37], .vector), ("table", [9, 5], .table),
            ("fc", [40, 96], .matrix(parts: 1)),
            ("qkv", [111, 64], .matrix(parts: 3)), ("conv", [40, 36, 3, 3], .kernel(stride: 1)),
            ("down", [5, 3, 3, 3], .kernel(stride: 2)),
            ("pixel", [7, 9, 1, 1], .kernel(stride: 1)),
        ]
        var stored: [String: StoredParameter] = [:]
        for (name, shape, use) in uses {
            stored[name] = StoredParameter(Weight(Self.numbers(shape)), for: use, as: type)
        }
        let parts = stored.map { name, parameter in
            Safetensors.Part(name: name, form: parameter.form) { parameter }
        }
        try Safetensors.write(parts: parts, metadata: ["format": "pt"], to: path)
        let account = MemoryAccount()
        let store = try CheckpointStore([Safetensors(path: path)])
        let p = Parameters(store)
        let x = Self.numbers([3, 96])
        let fc = try MemoryAccount.charging(account) { try p.matrix("fc", [40, 96]) }
        #expect(account.tensors.bytes == 0)
        #expect(linear(x, fc).values == linear(x, try matrices(stored["fc"])[0]).values)
        let (qkv, x64) = (try p.matrices("qkv", [111, 64], parts: 3), Self.numbers([2, 64]))
        for (read, made) in zip(qkv, try matrices(stored["qkv"], parts: 3)) {
            #expect(read.shape == [37, 64])
            #expect(linear(x64, read).values == linear(x64, made).values)
        }
        let image = Self.numbers([1, 6, 5, 36])
        let kernel = try p.kernel("conv", [40, 36, 3, 3], stride: 1)
        let plain = ConvolutionKernel(
            Weight(Self.numbers([40, 36, 3, 3])).channelsInnermost(), stride: 1)
        let (a, b) = (
            conv2d(image, kernel, bias: nil, padding: Padding(1)),
            conv2d(image, plain, bias: nil, padding: Padding(1))
        )
        let apart = zip(a.values, b.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let length = b.values.reduce(0) { $0 + $1 * $1 }
        let bound: Float = type == .f32 || type == .f16 ? 1e-5 : 1e-2
        #expect((apart / length).squareRoot() < bound)
        #expect(try p.tensor("bias", [37]).values == Self.numbers([37]).values)
        _ = try p.table("table", [9, 5])
        _ = try p.kernel("down", [5, 3, 3, 3], stride: 2)
        _ = try p.kernel("pixel", [7, 9, 1, 1], stride: 1)
        try store.requireAllRead()
    }

    private func matrices(_ parameter: StoredParameter?, parts: Int = 1) throws -> [Matrix] {
        switch try #require(parameter) {
        case .plain(let weight):
            let rows = weight.shape[0] / parts
            return (0..<parts).map { .stored(weight.rows($0 * rows..<($0 + 1) * rows)) }
        case .packed(let tensor): return try #require(Matrix.unpacked(tensor))
        }
    }

    @Test func aLayerThatCannotReadALayoutSaysSo() throws {
        let packed = StoredParameter(
            Weight(Self.numbers([8, 4])), for: .matrix(parts: 2), as: .bf16)
        try Safetensors.write(
            parts: [Safetensors.Part(name: "w", form: packed.form) { packed }], to: path)
        let p = Parameters(try CheckpointStore([Safetensors(path: path)]))
        let mismatch = ParameterError(.layoutMismatch, name: "w", layout: .pairs)
        #expect(throws: mismatch) { try p.matrix("w", [8, 4]) }
        #expect(throws: mismatch) { try p.table("w", [8, 4]) }
        #expect(throws: mismatch) { try p.tensor("w", [8, 4]) }
        #expect(
            throws: ParameterError(
                .shapeMismatch, name: "w", expected: [8, 4, 1, 1], found: [8, 4])
        ) { try p.kernel("w", [8, 4, 1, 1], stride: 1) }
        #expect(mismatch.description.contains("import the model again"))
    }

    /// What a hostile or damaged file may say of packed tensors, each refused by its reason.
    @Test(arguments: [
        ("[]", "not an object"),
        ("{", "in voken.packed"),
        (#"{"absent":{"layout":"bf16-pairs-32","parts":1,"shape":[32,2]}}"#, "no array of bytes"),
        (#"{"f":{"layout":"bf16-pairs-32","parts":1,"shape":[32,2]}}"#, "no array of bytes"),
        (#"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[32,4]}}"#, "does not fill its 128"),
        (#"{"w":{"layout":"bf16-pairs-33","parts":1,"shape":[32,2]}}"#, "import the model again"),
        (#"{"w":{"layout":"f32-panels-32","parts":1,"shape":[32,2]}}"#, "does not fill its 128"),
        (#"{"w":{"layout":"f32-panels-32","parts":2,"shape":[32,1]}}"#, "does not fill its 128"),
        (#"{"w":{"layout":"f32-panels-32","parts":1,"shape":[0,1]}}"#, "cannot be of shape"),
        (#"{"w":{"layout":"f32-panels-32","parts":1,"shape":[32,1,1]}}"#, "does not fill"),
        (
            #"{"w":{"layout":"f32-panels-32","parts":1,"shape":[1048576,1048576,1024]}}"#,
            "cannot be of shape"
        ),
        (#"{"w":{"layout":"bf16-pairs-32","parts":3,"shape":[32,2]}}"#, "in 3 parts"),
        (#"{"w":{"layout":"bf16-pairs-32","parts":0,"shape":[32,2]}}"#, "in 0 parts"),
        (#"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[0,2]}}"#, "cannot be of shape"),
        (#"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[32,0]}}"#, "does not fill"),
        (#"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[64]}}"#, "does not fill"),
        (#"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[1,1,1,1,64]}}"#, "lacks a proper"),
        (#"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[-32,2]}}"#, "lacks a proper"),
        (#"{"w":{"layout":"bf16-pairs-32","shape":[32,2]}}"#, "lacks a proper"),
        (
            #"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[4294967296,4294967296]}}"#,
            "cannot be of shape"
        ),
        (
            #"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[9223372036854775807]}}"#,
            "cannot be of shape"
        ),
    ])
    func refusesWhatCannotBe(packed: String, reason: String) throws {
        try write(packed, at: 64)
        let error = #expect(throws: CheckpointError.self) { try Safetensors(path: path) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func refusesUnalignedBytes() throws {
        try write(#"{"w":{"layout":"bf16-pairs-32","parts":1,"shape":[32,2]}}"#, at: 8)
        let error = #expect(throws: CheckpointError.self) { try Safetensors(path: path) }
        #expect(error?.description.contains("multiple of 64") == true)
    }

    /// 128 bytes named `w` that begin at a multiple of 64, or eight further on, and floats named `f`.
    private func write(_ packed: String, at alignment: Int) throws {
        var header =
            #"{"__metadata__":{"voken.packed":\#(JSON.quoted(packed))},"#
            + #""w":{"dtype":"U8","shape":[128],"data_offsets":[0,128]},"#
            + #""f":{"dtype":"F32","shape":[32],"data_offsets":[128,256]}}"#
        let rest = alignment == 64 ? 56 : 0
        while header.utf8.count % 64 != rest { header += " " }
        try folder.write(
            "w.safetensors", safetensors(header, data: [UInt8](repeating: 0, count: 256)))
    }
}

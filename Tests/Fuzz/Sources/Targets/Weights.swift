import Checkpoints
import Tensors

extension Target {
    /// A whole file, mapped: whatever opening lets pass can be read to the last byte.
    static let safetensors = Target(
        "safetensors", heap: HeapBound(each: 1000),
        seeds: {
            try ["mixed", "weights"].map {
                try Files.contents("Tests/Fixtures/checkpoints/\($0).safetensors")
            }
        }
    ) { bytes in readWeights(bytes) }

    /// The header alone, before so many bytes of data: mutations keep its length right.
    static let safetensorsHeader = Target(
        "safetensors-header", longest: 1024, heap: HeapBound(each: 1000, fixed: 1 << 20),
        seeds: {
            let a = #""a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}"#
            let b = #""b.c":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}"#
            return [Array(#"{"__metadata__":{"format":"pt"},\#(a),\#(b)}"#.utf8) + [26, 0]]
                + PackedLayout.allCases.map(packedHeader)
        }
    ) { bytes in
        var input = Input(bytes)
        let count = Int(input.byte()) << 8 | Int(input.byte())
        let length = (0..<8).map { UInt8(truncatingIfNeeded: input.bytes.count >> (8 * $0)) }
        readWeights(length + input.bytes + (0..<count).map { UInt8(truncatingIfNeeded: $0) })
    }
}

/// The header of a file that holds one packed weight, before its number of bytes.
private func packedHeader(_ layout: PackedLayout) -> [UInt8] {
    let shape: Shape =
        switch layout {
        case .panels, .pairs: [33, 2]
        case .winograd, .winogradPairs: [2, 3, 3, 1]
        case .q8_0, .q4: [16, 32]
        }
    let count = PackedTensor.byteCount(shape, layout, parts: 1)
    let extents = shape.array.map(String.init).joined(separator: ",")
    let packed =
        #"{\"w\":{\"layout\":\"\#(layout.rawValue)\",\"parts\":1,\"shape\":[\#(extents)]}}"#
    var header =
        #"{"__metadata__":{"voken.packed":"\#(packed)"},"#
        + #""w":{"dtype":"U8","shape":[\#(count)],"data_offsets":[0,\#(count)]}}"#
    // Packed weights begin at a multiple of 64, after eight bytes of length.
    while header.utf8.count % 64 != 56 { header += " " }
    return Array(header.utf8)
        + [UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
}

private func readWeights(_ bytes: [UInt8]) {
    let file: Safetensors
    do { file = try Safetensors(path: Files.path(holding: bytes)) } catch { return }
    var held = 0
    for name in file.names {
        if let packed = file.tensors.packed(named: name) { multiply(packed) }
        guard let weight = file.weight(named: name) else { continue }
        held += weight.byteCount
        let tensor = weight.tensor()
        expect(tensor.count == weight.shape.count, "\(name) has \(tensor.count) elements")
    }
    expect(held <= bytes.count, "\(held) bytes of weights in a file of \(bytes.count)")
}

/// Kernels read every byte of a packed weight, whatever it holds.
private func multiply(_ tensor: PackedTensor) {
    for matrix in Matrix.unpacked(tensor) ?? [] {
        let y = linear(Tensor([1, matrix.shape[1]], repeating: 1), matrix)
        expect(y.shape == [1, matrix.shape[0]], "\(tensor.layout) gives \(y.shape)")
    }
    guard tensor.shape.rank == 4, let kernel = ConvolutionKernel(tensor, stride: 1) else { return }
    let (height, width) = (tensor.shape[1], tensor.shape[2])
    let y = conv2d(
        Tensor([1, height, width, tensor.shape[3]], repeating: 1), kernel, bias: nil)
    expect(y.shape == [1, 1, 1, tensor.shape[0]], "\(tensor.layout) gives \(y.shape)")
}

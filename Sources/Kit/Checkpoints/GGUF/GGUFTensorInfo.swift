/// What a GGUF file says of one tensor.
struct GGUFTensorInfo {
    let name: String
    let format: StoredFormat
    /// Outermost first.
    let extents: [Int]
    let byteCount: Int
    /// Within the data.
    let offset: UInt64

    init(_ reader: inout ByteReader) throws(CheckpointError) {
        name = try reader.text(
            reader.integer(), limit: GGUFHeader.maximumNameBytes, "a tensor name")
        let rank: UInt32 = try reader.integer()
        guard rank <= GGUFHeader.maximumRank else {
            throw CheckpointError(
                .overLimit, path: reader.file.path,
                "tensor \(name) has \(rank) axes; the limit is \(GGUFHeader.maximumRank)")
        }
        var extents: [Int] = []
        for _ in 0..<rank {
            let extent: UInt64 = try reader.integer()
            guard let extent = Int(exactly: extent) else {
                throw reader.malformed("gives tensor \(name) an extent of \(extent)")
            }
            extents.append(extent)
        }
        self.extents = extents.reversed()
        let type: UInt32 = try reader.integer()
        format = try Self.format(type, name, reader.file.path)
        guard let byteCount = Self.byteCount(self.extents, format) else {
            throw reader.malformed(
                "gives tensor \(name) of \(format) the shape \(self.extents), which overflows or is "
                    + "not of whole blocks")
        }
        self.byteCount = byteCount
        offset = try reader.integer()
    }

    private static func byteCount(_ extents: [Int], _ format: StoredFormat) -> Int? {
        switch format {
        case .elements(let type):
            return StoredTensor.byteCount(extents, width: type.width)
        case .blocks(let block):
            guard let innermost = extents.last, innermost.isMultiple(of: BlockFormat.length),
                // The numbers of all blocks are counted too, later and by others.
                StoredTensor.byteCount(extents, width: MemoryLayout<Float>.size) != nil
            else { return nil }
            return StoredTensor.byteCount(
                extents.dropLast() + [innermost / BlockFormat.length], width: block.width)
        case .packed: return nil
        }
    }

    /// The numbers of `enum ggml_type`.
    private static func format(
        _ type: UInt32, _ name: String, _ path: String
    ) throws(CheckpointError) -> StoredFormat {
        switch type {
        case 0: return .elements(.float32)
        case 1: return .elements(.float16)
        case 30: return .elements(.bfloat16)
        case 2: return .blocks(.q4_0)
        case 3: return .blocks(.q4_1)
        case 8: return .blocks(.q8_0)
        default:
            throw CheckpointError(
                .unsupported, path: path,
                "tensor \(name) is of type \(others[type] ?? "number \(type)"); read are F32, F16, "
                    + "BF16, Q8_0, Q4_0 and Q4_1")
        }
    }

    private static let others: [UInt32: String] = [
        6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K",
        14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
        20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32",
        27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
}

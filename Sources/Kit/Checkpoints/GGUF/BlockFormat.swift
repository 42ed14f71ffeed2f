/// Blocks of 32 numbers that share a scale, and for `q4_1` an offset: the formats of ggml
/// (`block_q8_0`, `block_q4_0`, `block_q4_1` in its `ggml-common.h`).
public enum BlockFormat: String, Sendable, CaseIterable {
    /// A half d, then 32 signed bytes q: `d·q`.
    case q8_0 = "Q8_0"
    /// A half d, then 32 nibbles q, the low ones of 16 bytes before the high ones: `d·(q - 8)`.
    case q4_0 = "Q4_0"
    /// Halves d and m, then nibbles as in `q4_0`: `d·q + m`.
    case q4_1 = "Q4_1"

    /// Numbers of one block.
    public static let length = 32

    /// Bytes of one block.
    public var width: Int {
        switch self {
        case .q8_0: 34
        case .q4_0: 18
        case .q4_1: 20
        }
    }

    /// The numbers of whole blocks, in 32-bit floats, each product and sum rounded.
    func decode(_ blocks: RawSpan, into target: inout MutableSpan<Float>) {
        for block in 0..<blocks.byteCount / width {
            let (start, first) = (block * width, block * Self.length)
            let scale = half(blocks, start)
            switch self {
            case .q8_0:
                for index in 0..<Self.length {
                    let q = Int8(bitPattern: byte(blocks, start + 2 + index))
                    target[first + index] = scale * Float(q)
                }
            case .q4_0:
                for index in 0..<Self.length / 2 {
                    let pair = byte(blocks, start + 2 + index)
                    target[first + index] = scale * Float(Int(pair & 15) - 8)
                    target[first + index + 16] = scale * Float(Int(pair >> 4) - 8)
                }
            case .q4_1:
                let offset = half(blocks, start + 2)
                for index in 0..<Self.length / 2 {
                    let pair = byte(blocks, start + 4 + index)
                    target[first + index] = scale * Float(pair & 15) + offset
                    target[first + index + 16] = scale * Float(pair >> 4) + offset
                }
            }
        }
    }
}

private func byte(_ span: RawSpan, _ offset: Int) -> UInt8 {
    unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
}

private func half(_ span: RawSpan, _ offset: Int) -> Float {
    let bits = unsafe span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
    return Float(Float16(bitPattern: UInt16(littleEndian: bits)))
}

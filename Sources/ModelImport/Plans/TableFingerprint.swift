import Checkpoints
import Tensors

/// What a language model's embedding table is known by, whatever was trained upon it.
///
/// It is the SHA-256 of the signs of its numbers, bit by bit, of the rows that a tokenizer's pieces
/// have. Rounding to 16 bits and the decay of weights leave signs as they are, so a MiniGPT-5
/// checkpoint has the fingerprint of the base that it was trained from; every other training turns
/// some.
enum TableFingerprint {
    static func of(_ table: TensorOrigin, rows: Int) throws(ImportError) -> String {
        let reader = try TensorReader(table)
        var hash = SHA256()
        var bits: [UInt8] = []
        var byte: UInt8 = 0
        var filled = 0
        for start in stride(from: 0, to: min(rows, reader.rows), by: 256) {
            let numbers = reader.stored(start..<min(start + 256, rows, reader.rows)).tensor()
            numbers.withSpan { numbers in
                for index in numbers.indices {
                    byte = byte << 1 | (numbers[index] < 0 ? 1 : 0)
                    filled += 1
                    guard filled == 8 else { continue }
                    bits.append(byte)
                    (byte, filled) = (0, 0)
                }
            }
            hash.update(bits)
            bits.removeAll(keepingCapacity: true)
        }
        if filled > 0 { hash.update([byte]) }
        return "signs of \(min(rows, reader.rows)) rows: \(hash.finish())"
    }
}

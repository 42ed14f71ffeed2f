import Layers
import Tensors

/// Reads a tensor as the rows of a matrix, some at a time.
struct TensorReader {
    let origin: TensorOrigin
    /// As stored, of any rank.
    let weight: Weight
    let rows, columns: Int

    /// - Throws: for a tensor that is not of numbers.
    init(_ origin: TensorOrigin) throws(ImportError) {
        try origin.requireNumbers()
        let tensors = origin.file.tensors
        guard
            let weight = tensors.weight(named: origin.name)
                ?? tensors.packed(named: origin.name)?.unpacked()
        else {
            throw .refused("\(origin.file.path): tensor \(origin.name) has over four axes")
        }
        self.origin = origin
        self.weight = weight
        (rows, columns) =
            weight.shape.rank < 2
            ? (1, weight.shape.count)
            : (weight.shape[0], weight.shape.count / max(weight.shape[0], 1))
    }

    /// Whether the stored bytes are the numbers, in order.
    var isPlain: Bool { origin.interleavedHeads == nil && origin.correction == nil }

    /// `[n, columns]`, as they are stored or, in another order, copied.
    /// - Precondition: the origin has no correction.
    func stored(_ range: Range<Int>) -> Weight {
        let matrix = weight.reshaped([rows, columns])
        guard let heads = origin.interleavedHeads else { return matrix.rows(range) }
        let parts = range.map { row in
            let source = HeadRows.source(of: row, rows: rows, heads: heads)
            return matrix.rows(source..<source + 1).tensor()
        }
        return Weight(concatenate(parts, axis: 0))
    }

    /// The whole tensor, corrected and in order.
    func whole() throws(ImportError) -> Weight {
        guard let correction = origin.correction else {
            return isPlain ? weight : stored(0..<rows).reshaped(weight.shape)
        }
        let (down, up) = (
            try TensorReader(TensorOrigin(correction.down.file, correction.down.name)),
            try TensorReader(TensorOrigin(correction.up.file, correction.up.name))
        )
        var plain = origin
        plain.correction = nil
        let base = Weight(try TensorReader(plain).whole().tensor())
        return base.merged(down: down.weight, up: up.weight, scale: correction.scale)
    }
}

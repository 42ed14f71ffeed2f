import Checkpoints
import Tensors

extension TensorOrigin {
    /// A matrix of GGUF's blocks that our own kind of blocks holds exactly: nothing is rounded again.
    func requantised(as form: StoredForm) -> PackedTensor? {
        guard correction == nil, case .packed(let layout, let shape, parts: 1) = form,
            let tensor = file.tensors[name], tensor.extents == shape.array,
            case .blocks(let format) = tensor.format
        else { return nil }
        let rows = rows(tensor, shape)
        switch (format, layout) {
        case (.q8_0, .q8_0):
            return PackedTensor(
                QuantisedWeight(shape, q8Blocks: unsafe rows.span.bytes))
        case (.q4_0, .q4):
            return PackedTensor(
                QuantisedWeight(shape, q4Blocks: unsafe rows.span.bytes))
        default: return nil
        }
    }

    /// The blocks, row by row in the order of the model.
    private func rows(_ tensor: StoredTensor, _ shape: Shape) -> [UInt8] {
        let width = tensor.bytes.count / shape[0]
        guard let heads = interleavedHeads else { return file.file.bytes(tensor.bytes) }
        var rows: [UInt8] = []
        rows.reserveCapacity(tensor.bytes.count)
        for row in 0..<shape[0] {
            let source = HeadRows.source(of: row, rows: shape[0], heads: heads)
            let start = tensor.bytes.lowerBound + source * width
            rows += file.file.bytes(start..<start + width)
        }
        return rows
    }
}

/// llama.cpp rotates neighbours, transformers the halves of a head: row i of the first half and its
/// partner lie side by side in a GGUF file.
enum HeadRows {
    /// The row of a GGUF file that is a row of transformers' matrix.
    static func source(of row: Int, rows: Int, heads: Int) -> Int {
        let half = rows / heads / 2
        let (head, place) = row.quotientAndRemainder(dividingBy: 2 * half)
        let (second, index) = place.quotientAndRemainder(dividingBy: half)
        return head * 2 * half + 2 * index + second
    }
}

internal import CKernels

/// A matrix product `y = rows · weightᵀ` plus addends, of bf16 numbers for any number of rows, summed in
/// 32-bit floats.
///
/// An element of `y` is one sum in the order of the depth: it does not depend on the other rows, on
/// the blocks that the depth is cut into, nor on which thread takes the piece. The weight is read
/// where it lies; rows are rounded and packed a block of the depth at a time.
struct PairProduct {
    /// Rows of `y`, columns of `y` and the length of each sum.
    let rows, columns, depth: Int

    /// Pairs of the depth at a time: a panel's share stays in the nearest caches.
    private static let blockPairs = 512
    /// Words of packed rows, which stay in a core's own cache.
    private static let bandWords = 192 * 1024

    private static let mostRows = unsafe Kernels.table.product_rows
    private static let slot = unsafe Kernels.table.product_slot

    private var pairs: Int { (depth + 1) / 2 }

    /// - Parameters:
    ///   - weight: `columns` by `depth`.
    ///   - added: `[columns]` and `[rows, columns]`.
    ///   - y: `[rows, columns]`.
    func callAsFunction<Source: PairRows>(
        _ source: Source, _ weight: PackedWeight, adding added: Addends,
        into y: UnsafeMutablePointer<Float>
    ) {
        let panels = (columns + PackedWeight.panelColumns - 1) / PackedWeight.panelColumns
        // A few rows read the weight once, from one end to the other.
        let block = rows <= Self.mostRows ? max(pairs, 1) : evenBlock
        let panelWords = block * Self.slot
        let height = pieceRows(most: max(Self.bandWords / panelWords, 1) * Self.mostRows)
        let down = (rows + height - 1) / height
        let wanted = max(piecesAcross(down: down, panels: panels), 1)
        let breadth = max((panels + wanted - 1) / wanted, 1)
        // Rounding the breadth up may leave fewer pieces than were wanted.
        let across = (panels + breadth - 1) / breadth
        let words = (height + Self.mostRows - 1) / Self.mostRows * panelWords
        ThreadPool.run(down * across) { piece in
            let firstRow = piece % down * height
            let rows = firstRow..<min(firstRow + height, self.rows)
            let firstPanel = piece / down * breadth
            let some = firstPanel..<min(firstPanel + breadth, panels)
            unsafe Scratch.withFloats(words + source.scratch) { scratch in
                unsafe scratch.withMemoryRebound(to: UInt32.self, capacity: words) { packed in
                    unsafe weight.withWords { w in
                        for first in stride(from: 0, to: max(pairs, 1), by: block) {
                            let steps = first..<min(first + block, pairs)
                            unsafe multiply(
                                source, rows, steps, some, packed, scratch + words, w, added,
                                into: y)
                        }
                    }
                }
            }
        }
    }

    private func multiply<Source: PairRows>(
        _ source: Source, _ rows: Range<Int>, _ pairs: Range<Int>, _ panels: Range<Int>,
        _ packed: UnsafeMutablePointer<UInt32>, _ scratch: UnsafeMutablePointer<Float>,
        _ weight: UnsafePointer<UInt32>, _ added: Addends,
        into y: UnsafeMutablePointer<Float>
    ) {
        let count = (rows.count + Self.mostRows - 1) / Self.mostRows
        let panelRows = (rows.count + count - 1) / max(count, 1)
        var target = unsafe packed
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: max(panelRows, 1)) {
            let some = first..<min(first + panelRows, rows.upperBound)
            unsafe source.pack(some, pairs, into: target, scratch: scratch)
            unsafe target += pairs.count * Self.slot
        }
        let isLast = pairs.upperBound == self.pairs
        for panel in panels {
            let first = panel * PackedWeight.panelColumns
            let words = (panel * self.pairs + pairs.lowerBound) * PackedWeight.panelColumns
            let target = rows.lowerBound * columns + first
            unsafe Kernels.table.pair_product(
                packed, rows.count, panelRows, weight + words,
                isLast ? added.bias(at: first) : nil, isLast ? added.residual(at: target) : nil,
                y + target,
                min(PackedWeight.panelColumns, columns - first), pairs.count, columns,
                pairs.lowerBound == 0)
        }
    }

    /// The depth in blocks of nearly equal length.
    private var evenBlock: Int {
        let blocks = max((pairs + Self.blockPairs - 1) / Self.blockPairs, 1)
        return max((pairs + blocks - 1) / blocks, 1)
    }

    /// Rows are divided among the threads where each gets enough of them to read all of the weight.
    private func pieceRows(most: Int) -> Int {
        let threads = ThreadPool.threads
        let wanted = rows >= 128 * threads ? threads : 1
        let bands = (rows + most - 1) / most
        let down = max((bands + wanted - 1) / wanted * wanted, 1)
        return max((rows + down - 1) / down, 1)
    }

    private func piecesAcross(down: Int, panels: Int) -> Int {
        let threads = ThreadPool.threads
        guard down < threads, rows * columns * depth > 256 * 1024 else { return min(panels, 1) }
        return min(2 * threads, panels)
    }
}

/// The rows of a bf16 product's left side, wherever they come from.
protocol PairRows {
    /// Floats that packing needs beside its result.
    var scratch: Int { get }

    /// Packs some pairs of the depth of rows, at most as many as a panel holds.
    func pack(
        _ rows: Range<Int>, _ pairs: Range<Int>, into panel: UnsafeMutablePointer<UInt32>,
        scratch: UnsafeMutablePointer<Float>)
}

extension ContiguousRows: PairRows {
    func pack(
        _ rows: Range<Int>, _ pairs: Range<Int>, into panel: UnsafeMutablePointer<UInt32>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let elements = 2 * pairs.lowerBound..<min(2 * pairs.upperBound, depth)
        unsafe withRowPointers(rows.count) { pointers in
            for (index, row) in rows.enumerated() {
                unsafe pointers[index] = x + row * depth + elements.lowerBound
            }
            unsafe Kernels.table.pack_pair_rows(pointers, rows.count, elements.count, panel)
        }
    }
}

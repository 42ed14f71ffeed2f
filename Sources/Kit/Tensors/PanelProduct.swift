internal import CKernels

/// A matrix product `y = rows · weightᵀ` plus addends, in 32-bit floats, with a packed weight and for any
/// number of rows.
///
/// The depth is taken in blocks, and an element of `y` is the sum of their sums, each in ascending order:
/// it does not depend on the other rows, nor on which thread takes the piece. The weight is read where
/// it lies; rows are packed a block at a time.
struct PanelProduct {
    /// Rows of `y`, columns of `y` and the length of each sum.
    let rows, columns, depth: Int

    /// Steps of the depth at a time, at most: a panel's share and what is fetched of the next one stay in
    /// a core's own cache. Sums depend on it.
    private static let blockSteps = 512
    /// Floats of packed rows, which stay there, too.
    private static let bandFloats = 128 * 1024
    /// Floats of a weight that stay there while rows pass by.
    private static let nearFloats = 160 * 1024
    /// Numbers of a weight that are worth waking a thread for.
    private static let leastNumbers = 64 * 1024

    private static let panelColumns = PackedWeight.panelColumns
    private static let mostRows = unsafe Kernels.table.product_rows
    private static let slot = unsafe Kernels.table.product_slot

    private var panels: Int { (columns + Self.panelColumns - 1) / Self.panelColumns }

    /// - Parameters:
    ///   - weight: `columns` by `depth`.
    ///   - added: `[columns]` and `[rows, columns]`.
    ///   - y: `[rows, columns]`.
    func callAsFunction<Source: PanelRows>(
        _ source: Source, _ weight: PackedWeight, adding added: Addends,
        into y: UnsafeMutablePointer<Float>
    ) {
        let block = block
        let panelFloats = block * Self.slot
        let cut = cut(most: max(Self.bandFloats / panelFloats, 1) * Self.mostRows)
        let floats = (cut.height + Self.mostRows - 1) / Self.mostRows * panelFloats
        ThreadPool.run(cut.down * cut.across) { piece in
            let firstRow = piece % cut.down * cut.height
            let rows = firstRow..<min(firstRow + cut.height, self.rows)
            let firstPanel = piece / cut.down * cut.breadth
            let some = firstPanel..<min(firstPanel + cut.breadth, panels)
            unsafe Scratch.withFloats(floats + source.panelScratch) { packed in
                unsafe weight.withFloats { w in
                    for first in stride(from: 0, to: max(depth, 1), by: block) {
                        let steps = first..<min(first + block, depth)
                        let band = bandRows(
                            of: rows.count, floats: some.count * Self.panelColumns * steps.count)
                        for first in stride(
                            from: rows.lowerBound, to: rows.upperBound, by: band)
                        {
                            let part = first..<min(first + band, rows.upperBound)
                            unsafe pack(source, part, steps, packed, packed + floats)
                            unsafe multiply(packed, part, steps, w, some, added, into: y)
                        }
                    }
                }
            }
        }
    }

    /// Rows that are packed at a time: a single tile, which stays in the nearest cache, where the
    /// piece's share of the weight is read often enough and does not go away meanwhile.
    private func bandRows(of rows: Int, floats: Int) -> Int {
        floats <= Self.nearFloats && rows >= 16 * Self.mostRows
            ? Self.tileRows(rows) : max(rows, 1)
    }

    private func pack<Source: PanelRows>(
        _ source: Source, _ rows: Range<Int>, _ steps: Range<Int>,
        _ packed: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
    ) {
        var target = unsafe packed
        let height = Self.tileRows(rows.count)
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: height) {
            let some = first..<min(first + height, rows.upperBound)
            unsafe source.packPanel(some, steps, into: target, scratch: scratch)
            unsafe target += steps.count * Self.slot
        }
    }

    private func multiply(
        _ packed: UnsafePointer<Float>, _ rows: Range<Int>, _ steps: Range<Int>,
        _ weight: UnsafePointer<Float>, _ panels: Range<Int>, _ added: Addends,
        into y: UnsafeMutablePointer<Float>
    ) {
        let isLast = steps.upperBound == depth
        for panel in panels {
            let first = panel * Self.panelColumns
            let target = rows.lowerBound * columns + first
            unsafe Kernels.table.panel_product(
                packed, rows.count, Self.tileRows(rows.count),
                weight + place(panel, steps.lowerBound), isLast ? added.bias(at: first) : nil,
                isLast ? added.residual(at: target) : nil, y + target,
                min(Self.panelColumns, columns - first), steps.count, columns,
                steps.lowerBound == 0, next(panel, steps, panels).map { unsafe weight + $0 })
        }
    }

    /// Where the steps of a panel from one on lie.
    private func place(_ panel: Int, _ step: Int) -> Int {
        (panel * depth + step) * Self.panelColumns
    }

    /// Where what a piece reads after some steps of a panel lies.
    private func next(_ panel: Int, _ steps: Range<Int>, _ panels: Range<Int>) -> Int? {
        if panel + 1 < panels.upperBound { return place(panel + 1, steps.lowerBound) }
        return steps.upperBound < depth ? place(panels.lowerBound, steps.upperBound) : nil
    }

    /// The rows of a band in tiles of nearly equal height.
    private static func tileRows(_ rows: Int) -> Int {
        let tiles = max((rows + mostRows - 1) / mostRows, 1)
        return max((rows + tiles - 1) / tiles, 1)
    }

    /// The depth in blocks of nearly equal length.
    private var block: Int {
        let blocks = max((depth + Self.blockSteps - 1) / Self.blockSteps, 1)
        // Blocks of whole cache lines of a row.
        return max(((depth + blocks - 1) / blocks + 15) / 16 * 16, 1)
    }

    /// Pieces: how many below each other and side by side, and the rows and panels of one.
    private struct Cut {
        let down, across, height, breadth: Int
    }

    /// Rows are divided among the threads where each gets enough of them to read all of the weight.
    private func cut(most: Int) -> Cut {
        let threads = ThreadPool.threads
        let wanted = rows >= 128 * threads ? threads : 1
        let bands = max((rows + most - 1) / most, 1)
        let height = max((rows + ceiling(bands, wanted) - 1) / ceiling(bands, wanted), 1)
        let down = (rows + height - 1) / height
        var across = min(panels, 1)
        if down < threads && rows * columns * depth > 256 * 1024 {
            across = min(2 * threads, panels)
        }
        let breadth = max((panels + max(across, 1) - 1) / max(across, 1), 1)
        // Rounding the breadth up may leave fewer pieces than were wanted.
        return Cut(
            down: down, across: (panels + breadth - 1) / breadth, height: height, breadth: breadth)
    }

    /// The least multiple of a number that is not less.
    private func ceiling(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }
}

extension PanelProduct {
    /// The same for a few rows, `[rows, depth]`: they are read where they lie, and the weight once, from
    /// one end to the other.
    func ofFewRows(
        _ x: UnsafePointer<Float>, _ weight: PackedWeight, adding added: Addends,
        into y: UnsafeMutablePointer<Float>
    ) {
        guard rows > 0 else { return }
        let panel = Self.panelColumns * depth
        unsafe weight.withFloats { w in
            ThreadPool.run(panels, grain: max(Self.leastNumbers / max(panel, 1), 1)) { some in
                let first = some.lowerBound * Self.panelColumns
                unsafe Kernels.table.panel_rows_product(
                    x, rows, w + some.lowerBound * panel, added.bias(at: first),
                    added.residual(at: first), y + first,
                    min(some.count * Self.panelColumns, columns - first), depth, block, columns)
            }
        }
    }
}

/// The rows of a packed product's left side in 32-bit floats, wherever they come from.
protocol PanelRows {
    /// Floats that packing needs beside its result.
    var panelScratch: Int { get }

    /// Packs some steps of the depth of rows, at most as many as a panel holds.
    func packPanel(
        _ rows: Range<Int>, _ steps: Range<Int>, into panel: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>)
}

extension ContiguousRows: PanelRows {
    var panelScratch: Int { 0 }

    func packPanel(
        _ rows: Range<Int>, _ steps: Range<Int>, into panel: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        unsafe withRowPointers(rows.count) { pointers in
            for (index, row) in rows.enumerated() {
                unsafe pointers[index] = x + row * depth + steps.lowerBound
            }
            unsafe Kernels.table.pack_panel_rows(pointers, rows.count, steps.count, panel)
        }
    }
}

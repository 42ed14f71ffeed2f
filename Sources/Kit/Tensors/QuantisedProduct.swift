internal import CKernels

/// Matrix products `y = rows · weightᵀ + bias` of the same rows with quantised weights, for any number of
/// rows.
///
/// Rows are quantised first, all of them, and once for all weights; then pieces of the results are
/// handed to the threads. An element of `y` depends on its own row and its weight alone.
struct QuantisedProduct {
    /// Rows of each `y`, and the length of each sum.
    let rows, depth: Int

    /// A weight, and where its product goes.
    @safe struct Part {
        let weight: QuantisedWeight
        let bias: UnsafePointer<Float>?
        let y: UnsafeMutablePointer<Float>
        /// The first of its strips among those of all parts.
        fileprivate var firstStrip = 0

        init(
            _ weight: QuantisedWeight, bias: UnsafePointer<Float>?,
            into y: UnsafeMutablePointer<Float>
        ) {
            self.weight = weight
            unsafe self.bias = bias
            unsafe self.y = y
        }

        fileprivate var strips: Int {
            (weight.shape[0] + QuantisedProduct.stripColumns - 1) / QuantisedProduct.stripColumns
        }
    }

    /// Two panels, which one tile may take.
    private static let stripColumns = 2 * QuantisedWeight.panelRows
    /// Products of a piece at least: handing one out costs as much as fewer.
    private static let leastProducts = 128 * 1024
    private static let spanWords = unsafe Kernels.table.quantised_row
    /// Rows of a piece at most, which stay in the cache that the cores share.
    private static let mostRows = 256

    func callAsFunction(_ x: UnsafePointer<Float>, _ parts: [Part]) {
        guard rows > 0 else { return }
        let words = voken_quantised_spans(depth) * Self.spanWords
        // A room of its own: the pieces' threads use theirs meanwhile.
        let room = Storage(count: rows * words, charging: nil)
        defer { extendLifetime(room) }
        unsafe room.elements.withMemoryRebound(to: Int32.self, capacity: rows * words) { a in
            forEachRun(of: rows, width: depth) { rows in
                unsafe Kernels.table.quantise_rows(
                    x + rows.lowerBound * depth, rows.count, depth, a + rows.lowerBound * words)
            }
            unsafe multiply(a, words, parts)
        }
    }

    private func multiply(_ a: UnsafePointer<Int32>, _ words: Int, _ parts: [Part]) {
        let down = (rows + Self.mostRows - 1) / Self.mostRows
        let height = (rows + down - 1) / down
        var (placed, strips) = (parts, 0)
        for index in placed.indices {
            placed[index].firstStrip = strips
            strips += placed[index].strips
        }
        let products = height * depth * Self.stripColumns
        let cut = QuantisedCut(
            strips: strips, shares: 2 * ThreadPool.threads / down,
            least: (Self.leastProducts + products - 1) / products)
        ThreadPool.run(down * cut.pieces) { [placed] piece in
            let first = piece % down * height
            let range = cut[piece / down]
            for part in placed {
                let own = range.clamped(to: part.firstStrip..<part.firstStrip + part.strips)
                guard !own.isEmpty else { continue }
                unsafe multiply(
                    part, own.lowerBound - part.firstStrip, own.count, a + first * words,
                    first..<min(first + height, rows))
            }
        }
    }

    /// The product of some rows, quantised at `a`, with some strips of a weight.
    private func multiply(
        _ part: Part, _ strip: Int, _ strips: Int, _ a: UnsafePointer<Int32>, _ rows: Range<Int>
    ) {
        let (weight, columns) = (part.weight, part.weight.shape[0])
        let column = strip * Self.stripColumns
        let panelSize = QuantisedWeight.panelSize(weight.shape, weight.format)
        let bytes = voken_quantised_scratch(depth)
        unsafe weight.withPanels { panels in
            unsafe Scratch.withFloats(bytes / MemoryLayout<Float>.stride) { scratch in
                unsafe scratch.withMemoryRebound(to: UInt8.self, capacity: bytes) { scratch in
                    unsafe withUnsafePointer(to: weight.head) { head in
                        unsafe Kernels.table.quantised_product(
                            weight.format.kernelFormat, head, a, rows.count,
                            panels + column / QuantisedWeight.panelRows * panelSize,
                            part.bias.map { unsafe $0 + column },
                            part.y + rows.lowerBound * columns + column,
                            min(strips * Self.stripColumns, columns - column), depth, columns,
                            scratch)
                    }
                }
            }
        }
    }
}

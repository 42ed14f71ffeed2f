internal import CKernels

/// A matrix product `y = rows · weightᵀ + bias` with a quantised weight for any number of rows.
///
/// Rows are quantised first, all of them; then pieces of the result are handed to the threads. An
/// element of `y` depends on its own row and the weight alone.
struct QuantisedProduct {
    /// Rows of `y`, columns of `y` and the length of each sum.
    let rows, columns, depth: Int

    /// Products of a piece at least: waking a thread costs as much as fewer.
    private static let leastProducts = 256 * 1024
    /// Pieces for each thread, so that none waits long for the last one.
    private static let pieces = 8
    private static let spanWords = unsafe Kernels.table.quantised_row
    /// Rows of a piece at most, which stay in the cache that the cores share.
    private static let mostRows = 256

    func callAsFunction(
        _ x: UnsafePointer<Float>, _ weight: QuantisedWeight, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
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
            unsafe multiply(a, words, weight, bias, into: y)
        }
    }

    private func multiply(
        _ a: UnsafePointer<Int32>, _ words: Int, _ weight: QuantisedWeight,
        _ bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>
    ) {
        let format = weight.format.kernelFormat
        let panelSize = QuantisedWeight.panelSize(weight.shape, weight.format)
        let down = (rows + Self.mostRows - 1) / Self.mostRows
        let height = (rows + down - 1) / down
        let breadth = pieceColumns(height: height, down: down)
        let across = (columns + breadth - 1) / breadth
        let bytes = voken_quantised_scratch(depth)
        unsafe weight.withPanels { panels in
            ThreadPool.run(down * across) { piece in
                let first = piece / across * height
                let column = piece % across * breadth
                unsafe Scratch.withFloats(bytes / MemoryLayout<Float>.stride) { scratch in
                    unsafe scratch.withMemoryRebound(to: UInt8.self, capacity: bytes) { scratch in
                        unsafe withUnsafePointer(to: weight.head) { head in
                            unsafe Kernels.table.quantised_product(
                                format, head, a + first * words, min(height, rows - first),
                                panels + column / QuantisedWeight.panelRows * panelSize,
                                bias.map { unsafe $0 + column }, y + first * columns + column,
                                min(breadth, columns - column), depth, columns, scratch)
                        }
                    }
                }
            }
        }
    }

    /// Columns of a piece, a multiple of two panels.
    private func pieceColumns(height: Int, down: Int) -> Int {
        let pair = 2 * QuantisedWeight.panelRows
        let pairs = (columns + pair - 1) / pair
        let least = (Self.leastProducts + height * depth * pair - 1) / (height * depth * pair)
        let wanted = max(Self.pieces * ThreadPool.threads / down, 1)
        let even = (pairs + wanted - 1) / wanted
        return max(even, least) * pair
    }
}

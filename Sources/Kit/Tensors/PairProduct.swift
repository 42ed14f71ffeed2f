internal import CKernels

/// A matrix product `y = rows · weightᵀ` plus addends, of bf16 numbers for any number of rows, summed in
/// 32-bit floats.
///
/// An element of `y` is one sum in the order of the depth: it does not depend on the other rows, on
/// the blocks that the depth is cut into, nor on which thread takes the piece. The weight is read
/// where it lies; rows are rounded a block of the depth at a time.
struct PairProduct {
    /// Rows of `y`, columns of `y` and the length of each sum.
    let rows, columns, depth: Int

    /// Rows that a tile may fetch beside its products without waiting for memory.
    private static let fetchedRows = 3

    static let tileRows = unsafe Kernels.table.product_rows
    /// Words from a rounded row to the next.
    static let stride = Int(VOKEN_PAIR_STRIDE)

    private var pairs: Int { (depth + 1) / 2 }

    /// - Parameters:
    ///   - weight: `columns` by `depth`.
    ///   - added: `[columns]` and `[rows, columns]`.
    ///   - y: `[rows, columns]`.
    func callAsFunction<Source: PairRows>(
        _ source: Source, _ weight: PackedWeight, adding added: Addends,
        into y: UnsafeMutablePointer<Float>
    ) {
        guard rows > 0, columns > 0 else { return }
        let cut = PairCut(rows: rows, columns: columns, pairs: pairs)
        ThreadPool.run(cut.pieces) { index in
            let (rows, panels) = cut[index]
            let steps = PairSteps(rows: rows, pairs: pairs, block: cut.block)
            let words = steps.words
            unsafe Scratch.withFloats(words + source.scratch) { scratch in
                unsafe scratch.withMemoryRebound(to: UInt32.self, capacity: words) { rounded in
                    unsafe weight.withWords { w in
                        for step in 0..<steps.count {
                            unsafe round(source, steps, step, rounded, scratch + words)
                            unsafe multiply(
                                source, steps, step, panels, rounded, w, added, into: y)
                        }
                    }
                }
            }
        }
    }

    private func round<Source: PairRows>(
        _ source: Source, _ steps: PairSteps, _ step: Int,
        _ rounded: UnsafeMutablePointer<UInt32>, _ scratch: UnsafeMutablePointer<Float>
    ) {
        let (rows, pairs) = steps[step]
        var target = unsafe rounded
        for block in steps.blocks(of: pairs) {
            let elements = 2 * block.lowerBound..<min(2 * block.upperBound, depth)
            unsafe source.round(rows, elements, into: target, scratch: scratch)
            unsafe target += rows.count * Self.stride
        }
    }

    private func multiply<Source: PairRows>(
        _ source: Source, _ steps: PairSteps, _ step: Int, _ panels: Range<Int>,
        _ rounded: UnsafePointer<UInt32>, _ weight: UnsafePointer<UInt32>, _ added: Addends,
        into y: UnsafeMutablePointer<Float>
    ) {
        let (rows, pairs) = steps[step]
        let width = PackedWeight.panelColumns
        for (index, panel) in panels.enumerated() {
            var a = unsafe rounded
            let first = panel * width
            let target = rows.lowerBound * columns + first
            for block in steps.blocks(of: pairs) {
                let b = unsafe weight + (panel * self.pairs + block.lowerBound) * width
                let isLast = block.upperBound == self.pairs
                // Where a step has all of the depth, the next block lies behind this one.
                let distance = (pairs.count == self.pairs ? block.count : self.pairs) * width
                let hasNext = panel + 1 < panels.upperBound || block.upperBound < pairs.upperBound
                var ahead = unsafe rowsAhead(
                    source, steps, step + 1, part: index, of: panels.count)
                unsafe ahead.columns = hasNext ? b + distance : nil
                unsafe Kernels.table.pair_product(
                    a, rows.count, b, &ahead, isLast ? added.bias(at: first) : nil,
                    isLast ? added.residual(at: target) : nil, y + target,
                    min(width, columns - first), block.count, columns, block.lowerBound == 0)
                unsafe a += rows.count * Self.stride
            }
        }
    }

    /// A part of the rows that are rounded in a step.
    private func rowsAhead<Source: PairRows>(
        _ source: Source, _ steps: PairSteps, _ step: Int, part: Int, of parts: Int
    ) -> voken_pair_ahead {
        var ahead = unsafe voken_pair_ahead()
        guard step < steps.count else { return unsafe ahead }
        let (rows, pairs) = steps[step]
        let most = (rows.count + Self.tileRows - 1) / Self.tileRows * Self.fetchedRows
        let some = min((rows.count + parts - 1) / parts, most)
        let first = rows.lowerBound + part * some
        guard first < rows.upperBound,
            let run = unsafe source.run(first, from: 2 * pairs.lowerBound)
        else { return unsafe ahead }
        unsafe ahead.rows = run.address
        unsafe ahead.stride = run.stride
        unsafe ahead.count = min(some, rows.upperBound - first)
        return unsafe ahead
    }
}

/// The rows of a bf16 product's left side, wherever they come from.
protocol PairRows {
    /// Floats that rounding needs beside its result.
    var scratch: Int { get }

    /// Rounds some elements of rows, the first one of which is an even one, ``PairProduct/stride`` words
    /// from a row to the next.
    func round(
        _ rows: Range<Int>, _ elements: Range<Int>, into target: UnsafeMutablePointer<UInt32>,
        scratch: UnsafeMutablePointer<Float>)

    /// Where a row's elements lie from one on, and how far it is to the next row's, if rows lie in memory.
    func run(
        _ row: Int, from element: Int
    ) -> (address: UnsafePointer<Float>, stride: Int)?
}

extension ContiguousRows: PairRows {
    func round(
        _ rows: Range<Int>, _ elements: Range<Int>, into target: UnsafeMutablePointer<UInt32>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        for (index, row) in rows.enumerated() {
            unsafe Kernels.table.round_pairs(
                x + row * depth + elements.lowerBound, elements.count,
                target + index * PairProduct.stride)
        }
    }

    func run(
        _ row: Int, from element: Int
    ) -> (address: UnsafePointer<Float>, stride: Int)? {
        unsafe (x + row * depth + element, depth)
    }
}

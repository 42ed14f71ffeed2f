/// A matrix product `y = rows · weightᵀ + bias` cut into tiles, the common core of linear layers
/// and convolutions.
///
/// The tiles depend on the shape alone. A tile reads its rows of the weight once, converting them
/// to 32-bit floats if they are stored in another format, and goes down its rows in bands.
struct Product {
    /// Rows of `y`, columns of `y` and the length of each sum.
    let rows, columns, depth: Int
    /// Whether rows are copied to scratch before they are multiplied, as convolutions need.
    let gathers: Bool

    let tileRows, tileColumns, bandRows: Int

    /// Floats of scratch for the converted part of a weight, and as many for a band of rows.
    private static let scratch = 1024 * 1024
    /// Multiplications for which a tile of its own pays: about 50 µs of them.
    private static let tileWork = 2 * 1024 * 1024
    private static let mostTiles = 16

    init(rows: Int, columns: Int, depth: Int, gathers: Bool) {
        self.rows = rows
        self.columns = columns
        self.depth = depth
        self.gathers = gathers
        let room = max(Self.scratch / max(depth, 1), 8)
        bandRows = gathers ? max(min(rows, room, 128), 1) : max(rows, 1)
        let wanted = min(rows * columns * depth / Self.tileWork, Self.mostTiles)
        // Rows are copied again for each tile beside another, and the weight is converted again
        // for each tile below another: the cheaper cut comes first.
        var extents = (rows: rows, columns: min(columns, room))
        func tiles() -> Int {
            Self.pieces(rows, extents.rows) * Self.pieces(columns, extents.columns)
        }
        while tiles() < wanted {
            let (canCutRows, canCutColumns) = (extents.rows >= 192, extents.columns >= 128)
            if canCutRows && (gathers || !canCutColumns) {
                extents.rows = Self.half(extents.rows)
            } else if canCutColumns {
                extents.columns = Self.half(extents.columns)
            } else {
                break
            }
        }
        tileRows = max(extents.rows, 1)
        tileColumns = max(extents.columns, 1)
    }

    /// Half of an extent, rounded up to whole vectors.
    private static func half(_ extent: Int) -> Int { ((extent + 1) / 2 + 7) / 8 * 8 }

    private static func pieces(_ extent: Int, _ size: Int) -> Int {
        extent == 0 ? 0 : (extent + size - 1) / size
    }

    /// - Parameters:
    ///   - x: `[rows, depth]`, read if rows are not gathered.
    ///   - weight: `[columns, depth]`.
    ///   - bias: `[columns]`, or `nil`.
    ///   - y: `[rows, columns]`.
    ///   - gather: writes some of the rows to scratch, one after the other.
    func callAsFunction(
        _ x: UnsafePointer<Float>, _ weight: Weight, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>,
        gather: (Range<Int>, UnsafeMutablePointer<Float>) -> Void = { _, _ in }
    ) {
        let stored = unsafe weight.floats
        let acrossTiles = Self.pieces(columns, tileColumns)
        ThreadPool.run(acrossTiles * Self.pieces(rows, tileRows)) { tile in
            let firstColumn = tile % acrossTiles * tileColumns
            let firstRow = tile / acrossTiles * tileRows
            let columns = firstColumn..<min(firstColumn + tileColumns, self.columns)
            let rows = firstRow..<min(firstRow + tileRows, self.rows)
            let forWeight = unsafe stored == nil ? columns.count * depth : 0
            let forBand = gathers ? bandRows * depth : 0
            unsafe Scratch.withFloats(forWeight + forBand) { scratch in
                let part: UnsafePointer<Float>
                if let stored = unsafe stored {
                    unsafe part = stored + columns.lowerBound * depth
                } else {
                    unsafe weight.decode(
                        columns.lowerBound * depth..<columns.upperBound * depth, into: scratch)
                    unsafe part = UnsafePointer(scratch)
                }
                unsafe multiply(
                    rows, columns, x, part, bias, into: y, band: scratch + forWeight, gather)
            }
        }
    }

    private func multiply(
        _ rows: Range<Int>, _ columns: Range<Int>, _ x: UnsafePointer<Float>,
        _ weight: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, band: UnsafeMutablePointer<Float>,
        _ gather: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: bandRows) {
            let some = first..<min(first + bandRows, rows.upperBound)
            let source: UnsafePointer<Float>
            if gathers {
                unsafe gather(some, band)
                unsafe source = UnsafePointer(band)
            } else {
                unsafe source = x + first * depth
            }
            for row in some {
                let target = unsafe y + row * self.columns + columns.lowerBound
                if let bias = unsafe bias {
                    unsafe target.update(from: bias + columns.lowerBound, count: columns.count)
                } else {
                    unsafe target.update(repeating: 0, count: columns.count)
                }
            }
            unsafe Kernels.multiplyAdd(
                source, stride: depth, byTransposed: weight, stride: depth,
                into: y + first * self.columns + columns.lowerBound, stride: self.columns,
                rows: some.count, columns: columns.count, depth: depth)
        }
    }
}

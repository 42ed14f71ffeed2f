internal import CKernels

/// How a product of bf16 numbers is cut: into pieces for the threads, and into blocks of the depth.
///
/// Where the threads share the rows each of them reads all of the weight, where they share the columns each
/// of them rounds all rows. No sum knows of the cut.
struct PairCut {
    private let rows, panels: Int
    /// Of a piece, the last ones excepted.
    private let pieceRows, piecePanels: Int
    private let across: Int
    let pieces: Int

    /// The pairs of a block of the depth, the last one excepted.
    let block: Int

    /// Products that are too few to wake a thread for.
    private static let brief = 256 * 1024
    /// Rows that a thread should have before it reads all of the weight for them.
    private static let manyRows = 128
    /// What an element of a row costs to read and round, in elements of the weight to read.
    private static let rounding = 8

    init(rows: Int, columns: Int, pairs: Int) {
        self.rows = rows
        panels = (columns + PackedWeight.panelColumns - 1) / PackedWeight.panelColumns
        let isBrief = rows * columns * 2 * pairs <= Self.brief
        let threads = isBrief ? 1 : ThreadPool.threads
        let sharesRows =
            panels < threads
            || rows >= Self.manyRows * threads && columns <= Self.rounding * rows
        // A few rows take next to no time to round, and what memory gives varies.
        let wanted = rows <= PairProduct.tileRows ? 4 * threads : threads
        pieceRows = sharesRows ? Self.parts(rows, threads) : rows
        piecePanels = sharesRows || isBrief ? panels : Self.parts(panels, wanted)
        across = Self.parts(panels, piecePanels)
        pieces = across * Self.parts(rows, pieceRows)
        block = Self.block(pairs)
    }

    /// The rows and the panels of columns of a piece.
    subscript(piece: Int) -> (rows: Range<Int>, panels: Range<Int>) {
        let firstRow = piece / across * pieceRows
        let firstPanel = piece % across * piecePanels
        return (
            firstRow..<min(firstRow + pieceRows, rows),
            firstPanel..<min(firstPanel + piecePanels, panels)
        )
    }

    /// Blocks are of nearly equal length, of whole cache lines of a row.
    private static func block(_ pairs: Int) -> Int {
        let even = parts(pairs, max(parts(pairs, Int(VOKEN_PAIR_BLOCK)), 1))
        return max((even + 15) / 16 * 16, 16)
    }

    private static func parts(_ extent: Int, _ size: Int) -> Int { (extent + size - 1) / size }
}

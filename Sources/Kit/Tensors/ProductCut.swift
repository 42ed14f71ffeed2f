/// How a product is cut into tiles for the threads.
///
/// Rows are packed again for each tile beside another, and the weight for each tile below another:
/// of all cuts in question the one is taken that promises the least time.
struct ProductCut {
    private let rows, panels: Int
    /// Of a tile, the last ones excepted.
    private let tileRows, tilePanels: Int
    private let across: Int
    let tiles: Int

    /// What an element costs to pack, and a tile to hand out, in multiplications.
    private static let packing = 8
    private static let handing = 256 * 1024

    /// - Parameters:
    ///   - panels: of columns, which are cut between panels only.
    ///   - mostPanels: that a tile may hold.
    init(rows: Int, panels: Int, panelColumns: Int, depth: Int, mostPanels: Int) {
        self.rows = rows
        self.panels = panels
        let threads = ThreadPool.threads
        let least = Self.pieces(panels, mostPanels)
        var best = (cost: Int.max, rows: max(rows, 1), panels: min(max(panels, 1), mostPanels))
        var down = 1
        while down <= max(min(2 * threads, rows / 8), 1) {
            var across = 1
            while across <= max(min(2 * threads / down, panels), 1) {
                let tileRows = Self.pieces(rows, down)
                let tilePanels = Self.pieces(panels, max(across, least))
                let tiles =
                    Self.pieces(rows, max(tileRows, 1)) * Self.pieces(panels, max(tilePanels, 1))
                let columns = tilePanels * panelColumns
                let work =
                    (tileRows * columns + Self.packing * (tileRows + columns)) * depth
                    + (tiles > 1 ? Self.handing : 0)
                let cost = work * Self.pieces(tiles, threads)
                if cost < best.cost {
                    best = (cost, max(tileRows, 1), max(tilePanels, 1))
                }
                across = Self.next(across)
            }
            down = Self.next(down)
        }
        (tileRows, tilePanels) = (best.rows, best.panels)
        across = Self.pieces(panels, tilePanels)
        tiles = across * Self.pieces(rows, tileRows)
    }

    /// The rows and the panels of a tile.
    subscript(tile: Int) -> (rows: Range<Int>, panels: Range<Int>) {
        let firstRow = tile / across * tileRows
        let firstPanel = tile % across * tilePanels
        return (
            firstRow..<min(firstRow + tileRows, rows),
            firstPanel..<min(firstPanel + tilePanels, panels)
        )
    }

    /// 1, 2, 3, 4, 6, 8, 12, …
    private static func next(_ pieces: Int) -> Int {
        if pieces == 1 { return 2 }
        return pieces & (pieces - 1) == 0 ? pieces / 2 * 3 : pieces / 3 * 4
    }

    private static func pieces(_ extent: Int, _ size: Int) -> Int { (extent + size - 1) / size }
}

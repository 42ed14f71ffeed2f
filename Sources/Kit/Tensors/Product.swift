internal import CKernels

/// A matrix product `y = rows · weightᵀ` plus addends, for any number of rows, the common core of linear
/// layers and convolutions.
///
/// The sum for an element of `y` runs over the depth in one order, that of ``linear(_:_:bias:)``:
/// it does not depend on the other rows and columns, on the tile that the element falls into, nor
/// on which thread takes the tile. So the cut may look at everything, and serves speed alone.
///
/// A tile packs its part of the weight once, converting it if it is not stored as 32-bit floats,
/// and goes down its rows in bands that stay in the second cache.
struct Product {
    /// Rows of `y`, columns of `y` and the length of each sum.
    let rows, columns, depth: Int

    /// Floats of scratch for the packed part of a weight, where one panel is not more.
    private static let weightScratch = 1024 * 1024
    /// Floats of scratch for the packed rows of a band.
    private static let bandScratch = 128 * 1024

    private static let mostRows = unsafe Kernels.table.product_rows
    private static let panelColumns = unsafe Kernels.table.product_columns
    private static let slot = unsafe Kernels.table.product_slot

    /// - Parameters:
    ///   - weight: `[columns, depth]`.
    ///   - added: `[columns]` and `[rows, columns]`.
    ///   - y: `[rows, columns]`.
    ///   - source: the rows.
    func callAsFunction<Source: ProductRows>(
        _ source: Source, _ weight: Weight, adding added: Addends,
        into y: UnsafeMutablePointer<Float>
    ) {
        let weightPanel = voken_panel_size(depth, Self.panelColumns)
        let panels = (columns + Self.panelColumns - 1) / Self.panelColumns
        let cut = ProductCut(
            rows: rows, panels: panels, panelColumns: Self.panelColumns, depth: depth,
            mostPanels: max(Self.weightScratch / weightPanel, 1))
        ThreadPool.run(cut.tiles) { tile in
            let (rows, panels) = cut[tile]
            let columns =
                panels.lowerBound
                * Self.panelColumns..<min(panels.upperBound * Self.panelColumns, self.columns)
            let bands = Bands(rows, depth: depth)
            let forWeight = panels.count * weightPanel
            let forBand = bands.panels * bands.panelSize
            unsafe Scratch.withFloats(forWeight + forBand + source.scratch) { scratch in
                let band = unsafe scratch + forWeight
                unsafe pack(weight, columns, into: scratch)
                for first in stride(from: rows.lowerBound, to: rows.upperBound, by: bands.rows) {
                    let some = first..<min(first + bands.rows, rows.upperBound)
                    unsafe pack(source, some, bands, into: band, scratch: band + forBand)
                    unsafe multiply(some, columns, bands, band, scratch, added, into: y)
                }
            }
        }
    }

    private func pack(
        _ weight: Weight, _ columns: Range<Int>, into packed: UnsafeMutablePointer<Float>
    ) {
        var target = unsafe packed
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: Self.panelColumns)
        {
            let count = min(Self.panelColumns, columns.upperBound - first)
            if let bytes = unsafe weight.bytes {
                unsafe Kernels.table.pack_columns(
                    weight.format.kernelFormat, bytes + first * depth * weight.format.width,
                    count, depth, target)
            } else {
                unsafe target.update(
                    repeating: 0, count: voken_panel_size(depth, Self.panelColumns))
            }
            unsafe target += voken_panel_size(depth, Self.panelColumns)
        }
    }

    private func pack<Source: ProductRows>(
        _ source: Source, _ rows: Range<Int>, _ bands: Bands,
        into packed: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        var target = unsafe packed
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: bands.panelRows) {
            let some = first..<min(first + bands.panelRows, rows.upperBound)
            unsafe source.pack(some, into: target, scratch: scratch)
            unsafe target += bands.panelSize
        }
    }

    private func multiply(
        _ rows: Range<Int>, _ columns: Range<Int>, _ bands: Bands,
        _ packedRows: UnsafePointer<Float>, _ packedWeight: UnsafePointer<Float>,
        _ added: Addends, into y: UnsafeMutablePointer<Float>
    ) {
        var panel = unsafe packedWeight
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: Self.panelColumns)
        {
            let target = rows.lowerBound * self.columns + first
            unsafe Kernels.table.product(
                packedRows, rows.count, bands.panelRows, panel, added.bias(at: first),
                added.residual(at: target), y + target,
                min(Self.panelColumns, columns.upperBound - first), depth, self.columns)
            unsafe panel += voken_panel_size(depth, Self.panelColumns)
        }
    }

    /// The rows of a tile in bands of nearly equal height, and a band in panels likewise.
    private struct Bands {
        /// Of a band, and of a panel in it.
        let rows, panelRows: Int
        /// Panels of a band, at most.
        let panels: Int
        /// Floats of a packed panel.
        let panelSize: Int

        init(_ tile: Range<Int>, depth: Int) {
            panelSize = voken_panel_size(depth, Product.slot)
            let most = max(Product.bandScratch / panelSize, 1) * Product.mostRows
            let bands = (tile.count + most - 1) / most
            rows = (tile.count + bands - 1) / max(bands, 1)
            panels = (rows + Product.mostRows - 1) / Product.mostRows
            panelRows = (rows + panels - 1) / max(panels, 1)
        }
    }
}

/// The rows of a product's left side, wherever they come from.
protocol ProductRows {
    /// Floats that packing needs beside its result.
    var scratch: Int { get }

    /// Packs rows, at most as many as a panel holds.
    func pack(
        _ rows: Range<Int>, into panel: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>)
}

/// Rows that lie one behind the other, `[rows, depth]`.
@safe struct ContiguousRows: ProductRows {
    let x: UnsafePointer<Float>
    let depth: Int

    init(_ x: UnsafePointer<Float>, depth: Int) {
        unsafe self.x = x
        self.depth = depth
    }

    let scratch = 0

    func pack(
        _ rows: Range<Int>, into panel: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        unsafe withRowPointers(rows.count) { pointers in
            for (index, row) in rows.enumerated() {
                unsafe pointers[index] = x + row * depth
            }
            unsafe Kernels.table.pack_rows(pointers, rows.count, 0, depth, depth, panel)
        }
    }
}

/// Calls `body` with room for the addresses of a panel's rows.
func withRowPointers(_ count: Int, _ body: (UnsafeMutablePointer<UnsafePointer<Float>>) -> Void) {
    unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: count) {
        guard let pointers = $0.baseAddress else { return }
        unsafe body(pointers)
    }
}

internal import CKernels

/// The receptive fields of a convolution's output pixels, counted through the batch in row-major
/// order: rows of `h · w · I` elements, packed straight from the image.
@safe struct ReceptiveFields: ProductRows {
    private let field: ReceptiveField
    private let x: UnsafePointer<Float>

    /// - Parameter x: `[B, H, W, I]`.
    init(_ field: ReceptiveField, of x: UnsafePointer<Float>) {
        self.field = field
        unsafe self.x = x
    }

    private var depth: Int { field.kernelHeight * field.kernelWidth * field.channels }

    /// Whether each pixel of a field begins at a step of its own, so that it can be packed alone.
    private var isWhole: Bool { field.channels % 8 == 0 }

    var scratch: Int {
        unsafe isWhole ? field.channels : depth * Kernels.table.product_rows
    }

    func pack(
        _ rows: Range<Int>, into panel: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        unsafe withUnsafeTemporaryAllocation(of: Corner.self, capacity: rows.count) { corners in
            for (index, row) in rows.enumerated() { unsafe corners[index] = corner(of: row) }
            let corners = unsafe Span(_unsafeElements: UnsafeBufferPointer(corners))
            unsafe withRowPointers(rows.count) { pointers in
                if isWhole {
                    unsafe packPixels(corners, pointers, into: panel, zeros: scratch)
                } else {
                    unsafe gather(corners, into: scratch)
                    for index in corners.indices {
                        unsafe pointers[index] = UnsafePointer(scratch + index * depth)
                    }
                    unsafe Kernels.table.pack_rows(
                        pointers, corners.count, 0, depth, depth, panel)
                }
            }
        }
    }

    /// Where a field begins: its image, and the line and the column of its upper left pixel, which
    /// may lie outside.
    private struct Corner {
        let image, top, left: Int
    }

    private func corner(of row: Int) -> Corner {
        let (line, column) = row.quotientAndRemainder(dividingBy: field.outputWidth)
        let (image, top) = line.quotientAndRemainder(dividingBy: field.outputHeight)
        return Corner(
            image: image, top: top * field.stride - field.padding.top,
            left: column * field.stride - field.padding.left)
    }

    /// One pixel of all fields at a time.
    private func packPixels(
        _ corners: Span<Corner>, _ pointers: UnsafeMutablePointer<UnsafePointer<Float>>,
        into panel: UnsafeMutablePointer<Float>, zeros: UnsafeMutablePointer<Float>
    ) {
        unsafe zeros.update(repeating: 0, count: field.channels)
        for dy in 0..<field.kernelHeight {
            for dx in 0..<field.kernelWidth {
                for index in corners.indices {
                    let corner = corners[index]
                    let (y, x) = (corner.top + dy, corner.left + dx)
                    if y >= 0 && y < field.height && x >= 0 && x < field.width {
                        let pixel = (corner.image * field.height + y) * field.width + x
                        unsafe pointers[index] = self.x + pixel * field.channels
                    } else {
                        unsafe pointers[index] = UnsafePointer(zeros)
                    }
                }
                let first = (dy * field.kernelWidth + dx) * field.channels
                unsafe Kernels.table.pack_rows(
                    pointers, corners.count, first, field.channels, depth, panel)
            }
        }
    }

    /// Writes whole fields one after the other.
    private func gather(_ corners: Span<Corner>, into rows: UnsafeMutablePointer<Float>) {
        let (height, width, channels) = (field.height, field.width, field.channels)
        let line = field.kernelWidth * channels
        var target = unsafe rows
        for index in corners.indices {
            let corner = corners[index]
            // The columns of the field that lie inside the image.
            let inside =
                min(
                    max(-corner.left, 0), field.kernelWidth)..<min(
                    max(width - corner.left, 0), field.kernelWidth)
            for y in corner.top..<corner.top + field.kernelHeight {
                if y >= 0 && y < height && !inside.isEmpty {
                    let column = corner.left + inside.lowerBound
                    let start = ((corner.image * height + y) * width + column) * channels
                    let before = inside.lowerBound * channels
                    let count = inside.count * channels
                    unsafe target.update(repeating: 0, count: before)
                    unsafe (target + before).update(from: x + start, count: count)
                    unsafe (target + before + count).update(
                        repeating: 0, count: line - before - count)
                } else {
                    unsafe target.update(repeating: 0, count: line)
                }
                unsafe target += line
            }
        }
    }
}

extension ReceptiveFields: PanelRows {
    /// With fewer channels than these, whole fields are gathered: calls for each pixel would cost more.
    private static let fewChannels = 16

    var panelScratch: Int {
        unsafe field.channels < Self.fewChannels
            ? depth * Kernels.table.product_rows : field.channels
    }

    func packPanel(
        _ rows: Range<Int>, _ steps: Range<Int>, into panel: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        unsafe withUnsafeTemporaryAllocation(of: Corner.self, capacity: rows.count) { corners in
            for (index, row) in rows.enumerated() { unsafe corners[index] = corner(of: row) }
            let corners = unsafe Span(_unsafeElements: UnsafeBufferPointer(corners))
            unsafe withRowPointers(rows.count) { pointers in
                if field.channels < Self.fewChannels {
                    unsafe gather(corners, into: scratch)
                    for index in corners.indices {
                        unsafe pointers[index] = UnsafePointer(
                            scratch + index * depth + steps.lowerBound)
                    }
                    unsafe Kernels.table.pack_panel_rows(
                        pointers, corners.count, steps.count, panel)
                } else {
                    unsafe forEachPixel(corners, steps, pointers, zeros: scratch) {
                        unsafe Kernels.table.pack_panel_rows(
                            pointers, corners.count, $1, panel + $0 * Kernels.table.product_slot)
                    }
                }
            }
        }
    }

    /// Some elements of all fields, one pixel at a time: calls `body` with the first element, counted
    /// from the range's first one, and the number of them, when `pointers` are set to where they lie.
    private func forEachPixel(
        _ corners: Span<Corner>, _ elements: Range<Int>,
        _ pointers: UnsafeMutablePointer<UnsafePointer<Float>>,
        zeros: UnsafeMutablePointer<Float>, _ body: (_ first: Int, _ count: Int) -> Void
    ) {
        let channels = field.channels
        unsafe zeros.update(repeating: 0, count: channels)
        var first = elements.lowerBound
        while first < elements.upperBound {
            let (tap, channel) = first.quotientAndRemainder(dividingBy: channels)
            let count = min(channels - channel, elements.upperBound - first)
            for index in corners.indices {
                let pixel = unsafe pixel(tap, of: corners[index])
                unsafe pointers[index] = (pixel ?? UnsafePointer(zeros)) + channel
            }
            body(first - elements.lowerBound, count)
            first += count
        }
    }
}

extension ReceptiveFields: PairRows {
    func round(
        _ rows: Range<Int>, _ elements: Range<Int>, into target: UnsafeMutablePointer<UInt32>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        unsafe scratch.update(repeating: 0, count: field.channels)
        var target = unsafe target
        for row in rows {
            if field.channels % 2 == 0 {
                unsafe roundPixels(corner(of: row), elements, into: target, zeros: scratch)
            } else {
                var corner = corner(of: row)
                unsafe gather(
                    Span(_unsafeStart: &corner, count: 1), into: scratch)
                unsafe Kernels.table.round_pairs(
                    scratch + elements.lowerBound, elements.count, target)
            }
            unsafe target += PairProduct.stride
        }
    }

    func run(
        _ row: Int, from element: Int
    ) -> (address: UnsafePointer<Float>, stride: Int)? { nil }

    /// Some elements of a field, one pixel at a time; no pair lies in two of them.
    private func roundPixels(
        _ corner: Corner, _ elements: Range<Int>, into target: UnsafeMutablePointer<UInt32>,
        zeros: UnsafePointer<Float>
    ) {
        var first = elements.lowerBound
        while first < elements.upperBound {
            let (tap, channel) = first.quotientAndRemainder(dividingBy: field.channels)
            let count = min(field.channels - channel, elements.upperBound - first)
            let pixel = unsafe pixel(tap, of: corner) ?? zeros
            unsafe Kernels.table.round_pairs(
                pixel + channel, count, target + (first - elements.lowerBound) / 2)
            first += count
        }
    }

    /// The pixel under one place of the kernel, unless it lies outside of the image.
    private func pixel(_ tap: Int, of corner: Corner) -> UnsafePointer<Float>? {
        let y = corner.top + tap / field.kernelWidth
        let x = corner.left + tap % field.kernelWidth
        guard y >= 0 && y < field.height && x >= 0 && x < field.width else { return nil }
        return unsafe self.x
            + ((corner.image * field.height + y) * field.width + x) * field.channels
    }
}

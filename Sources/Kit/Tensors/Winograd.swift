internal import CKernels

/// A 3×3 convolution of stride 1 by Winograd's minimal filtering, cut into pieces for the threads.
///
/// Tiles are transformed, multiplied with panels of the weight, and what comes out is transformed; no
/// sum knows of the cut.
struct Winograd {
    private var shape: voken_winograd
    private let images: Int

    /// Floats of transformed inputs at a time: as many as the weight has, which each stretch reads
    /// again, within what stays in the cache that the cores share.
    private var stretchFloats: Int {
        min(max(16 * shape.channels * shape.outputs, 1024 * 1024), 4 * 1024 * 1024)
    }
    /// From as many tiles for each thread on, a thread takes blocks of them; with fewer, blocks of
    /// the weight would be read too often.
    private static let manyTiles = 512
    /// Tiles of a piece at most, a multiple of every product's rows.
    private static let mostTiles = 56
    /// Floats of one place's weights in a piece, which stay in a core's own cache.
    private static let placeFloats = 80 * 1024
    /// Columns of a piece at most, for what is multiplied stays in that cache as well.
    private static let mostColumns = 160

    /// - Parameters:
    ///   - x: `[B, H, W, I]`.
    ///   - outputs: of a pixel.
    init(_ x: Shape, outputs: Int, padding: Padding) {
        images = x[0]
        shape = voken_winograd(
            height: x[1], width: x[2], channels: x[3], top: padding.top, left: padding.left,
            output_height: x[1] + padding.top + padding.bottom - 2,
            output_width: x[2] + padding.left + padding.right - 2, outputs: outputs)
    }

    var outputShape: Shape { [images, shape.output_height, shape.output_width, shape.outputs] }

    private var tiles: Int {
        images * ((shape.output_height + 1) / 2) * ((shape.output_width + 1) / 2)
    }

    func callAsFunction(
        _ x: UnsafePointer<Float>, _ weight: WinogradWeight, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>
    ) {
        unsafe weight.withPanels { u, panels in
            if tiles >= Self.manyTiles * ThreadPool.threads {
                unsafe byBlocks(x, u, panels: panels, bias: bias, into: y)
            } else {
                unsafe byStretches(x, u, panels: panels, bias: bias, into: y)
            }
        }
    }

    /// Each block of tiles is transformed and multiplied with all of the weight by one thread, in
    /// whose cache it stays.
    private func byBlocks(
        _ x: UnsafePointer<Float>, _ u: UnsafePointer<Float>, panels: Int,
        bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>
    ) {
        let threads = ThreadPool.threads
        let rounds = (tiles + Self.mostTiles * threads - 1) / (Self.mostTiles * threads)
        let height = (tiles + rounds * threads - 1) / (rounds * threads)
        let plane = voken_odd_lines(height * voken_odd_lines(shape.channels))
        let across = (panels + mostPanels - 1) / mostPanels
        let breadth = (panels + across - 1) / across
        let product = 16 * voken_odd_lines(height * WinogradWeight.columns(of: breadth))
        ThreadPool.run((tiles + height - 1) / height) { block in
            let first = block * height
            let count = min(height, tiles - first)
            unsafe Scratch.withFloats(16 * plane + product) { v in
                unsafe withUnsafePointer(to: shape) { shape in
                    unsafe Kernels.table.winograd_input(shape, x, first, count, v, plane)
                    for panel in stride(from: 0, to: panels, by: breadth) {
                        unsafe Kernels.table.winograd_output(
                            shape, v, plane, u, bias, first, count, panel,
                            min(breadth, panels - panel), y, v + 16 * plane)
                    }
                }
            }
        }
    }

    /// A stretch of tiles is transformed as a whole, which every column of the outputs reads; then
    /// each piece multiplies a block of them with a few panels of the weight.
    private func byStretches(
        _ x: UnsafePointer<Float>, _ u: UnsafePointer<Float>, panels: Int,
        bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>
    ) {
        let line = voken_odd_lines(shape.channels)
        let most = max(stretchFloats / (16 * line), 2 * Self.mostTiles)
        let stretches = max((tiles + most - 1) / most, 1)
        let stretch = (tiles + stretches - 1) / stretches
        let plane = voken_odd_lines(stretch * line)
        let transformed = Storage(count: 16 * plane, charging: nil)
        let v = unsafe transformed.elements
        defer { extendLifetime(transformed) }
        for first in Swift.stride(from: 0, to: tiles, by: max(stretch, 1)) {
            let some = first..<min(first + stretch, tiles)
            unsafe transform(x, some, into: v, plane: plane)
            unsafe multiply(v, plane: plane, u, panels: panels, bias: bias, some, into: y)
        }
    }

    private func transform(
        _ x: UnsafePointer<Float>, _ tiles: Range<Int>, into v: UnsafeMutablePointer<Float>,
        plane: Int
    ) {
        // A thread takes about 10 µs of work at least.
        let grain = max(4096 / shape.channels, 1)
        ThreadPool.run(tiles.count, grain: grain) { piece in
            unsafe withUnsafePointer(to: shape) { shape in
                unsafe Kernels.table.winograd_input(
                    shape, x, tiles.lowerBound + piece.lowerBound, piece.count,
                    v + piece.lowerBound * voken_odd_lines(self.shape.channels), plane)
            }
        }
    }

    private func multiply(
        _ v: UnsafePointer<Float>, plane: Int, _ u: UnsafePointer<Float>, panels: Int,
        bias: UnsafePointer<Float>?, _ tiles: Range<Int>, into y: UnsafeMutablePointer<Float>
    ) {
        let (height, breadth) = piece(tiles: tiles.count, panels: panels)
        let down = (tiles.count + height - 1) / height
        let across = (panels + breadth - 1) / breadth
        let scratch = 16 * voken_odd_lines(height * WinogradWeight.columns(of: breadth))
        // Pieces of the same panels follow each other: the weight is what comes from far away.
        ThreadPool.run(down * across) { index in
            let first = index % down * height
            let panel = index / down * breadth
            unsafe Scratch.withFloats(scratch) { scratch in
                unsafe withUnsafePointer(to: shape) { shape in
                    unsafe Kernels.table.winograd_output(
                        shape, v + first * voken_odd_lines(self.shape.channels), plane, u, bias,
                        tiles.lowerBound + first, min(height, tiles.count - first), panel,
                        min(breadth, panels - panel), y, scratch)
                }
            }
        }
    }

    private var mostPanels: Int {
        let column = WinogradWeight.columns(of: 1)
        return max(min(Self.placeFloats / shape.channels, Self.mostColumns) / column, 2)
    }

    /// Tiles and panels of a piece: as many as the caches hold, and as leave the threads enough.
    private func piece(tiles: Int, panels: Int) -> (tiles: Int, panels: Int) {
        var across = max((panels + mostPanels - 1) / mostPanels, 1)
        var down = max((tiles + Self.mostTiles - 1) / Self.mostTiles, 1)
        let wanted = 4 * ThreadPool.threads
        while across * down < wanted && across < panels { across += 1 }
        while across * down < wanted && tiles / down > 28 { down += 1 }
        return (max((tiles + down - 1) / down, 1), max((panels + across - 1) / across, 1))
    }
}

internal import CKernels

/// A 3×3 convolution of stride 1 by Winograd's minimal filtering, cut into pieces for the threads.
///
/// Tiles are transformed, multiplied with panels of the weight, and what comes out is transformed; no
/// sum knows of the cut.
struct Winograd {
    private var shape: voken_winograd
    private let images: Int
    private let added: Addends

    /// Words of transformed inputs at a time: as many as the weight has, which each stretch reads
    /// again, within what stays in the cache that the cores share.
    private var stretchWords: Int {
        min(max(16 * words * shape.outputs, 1024 * 1024), 4 * 1024 * 1024)
    }
    /// From as many tiles for each thread on, a thread takes blocks of them; with fewer, blocks of
    /// the weight would be read too often.
    private static let manyTiles = 512
    /// Tiles of a piece at most, a multiple of every product's rows.
    private static let mostTiles = 84
    /// Panels of a piece at most: what is multiplied stays in a core's own cache.
    private static let mostPanels = 2

    /// - Parameters:
    ///   - x: `[B, H, W, I]`.
    ///   - outputs: of a pixel.
    init(
        _ x: Shape, outputs: Int, format: Arithmetic, padding: Padding, adding added: Addends
    ) {
        images = x[0]
        self.added = added
        shape = voken_winograd(
            height: x[1], width: x[2], channels: x[3], top: padding.top, left: padding.left,
            output_height: x[1] + padding.top + padding.bottom - 2,
            output_width: x[2] + padding.left + padding.right - 2, outputs: outputs,
            pairs: format == .bfloat16)
    }

    /// Of the channels of a place.
    private var words: Int { voken_winograd_words(shape.channels, shape.pairs) }

    /// Of a tile at a place.
    private var line: Int { voken_odd_lines(words) }

    private var tiles: Int {
        images * ((shape.output_height + 1) / 2) * ((shape.output_width + 1) / 2)
    }

    func callAsFunction(
        _ x: UnsafePointer<Float>, _ weight: WinogradWeight, into y: UnsafeMutablePointer<Float>
    ) {
        unsafe weight.withWords { u in
            if tiles >= Self.manyTiles * ThreadPool.threads {
                unsafe byBlocks(x, u, panels: weight.panels, into: y)
            } else {
                unsafe byStretches(x, u, panels: weight.panels, into: y)
            }
        }
    }

    /// Each block of tiles is transformed and multiplied with all of the weight by one thread, in
    /// whose cache it stays.
    private func byBlocks(
        _ x: UnsafePointer<Float>, _ u: UnsafeRawPointer, panels: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        let threads = ThreadPool.threads
        let rounds = (tiles + Self.mostTiles * threads - 1) / (Self.mostTiles * threads)
        let height = (tiles + rounds * threads - 1) / (rounds * threads)
        let plane = voken_odd_lines(height * line)
        let across = (panels + Self.mostPanels - 1) / Self.mostPanels
        let breadth = (panels + across - 1) / across
        ThreadPool.run((tiles + height - 1) / height) { block in
            let first = block * height
            let count = min(height, tiles - first)
            unsafe Scratch.withFloats(16 * plane + products(height, breadth)) { v in
                unsafe withUnsafePointer(to: shape) { shape in
                    unsafe Kernels.table.winograd_input(shape, x, first, count, v, plane)
                    for panel in stride(from: 0, to: panels, by: breadth) {
                        unsafe Kernels.table.winograd_output(
                            shape, v, plane, u, added.bias, added.residual, first, count, panel,
                            min(breadth, panels - panel), y, v + 16 * plane)
                    }
                }
            }
        }
    }

    /// A stretch of tiles is transformed as a whole, which every column of the outputs reads; then
    /// each piece multiplies a block of them with a few panels of the weight.
    private func byStretches(
        _ x: UnsafePointer<Float>, _ u: UnsafeRawPointer, panels: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        let most = max(stretchWords / (16 * line), 2 * Self.mostTiles)
        let stretches = max((tiles + most - 1) / most, 1)
        let stretch = (tiles + stretches - 1) / stretches
        let plane = voken_odd_lines(stretch * line)
        let transformed = Storage(count: 16 * plane, charging: nil)
        let v = unsafe transformed.elements
        defer { extendLifetime(transformed) }
        for first in Swift.stride(from: 0, to: tiles, by: max(stretch, 1)) {
            let some = first..<min(first + stretch, tiles)
            unsafe transform(x, some, into: v, plane: plane)
            unsafe multiply(v, plane: plane, u, panels: panels, some, into: y)
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
                    v + piece.lowerBound * line, plane)
            }
        }
    }

    private func multiply(
        _ v: UnsafePointer<Float>, plane: Int, _ u: UnsafeRawPointer, panels: Int,
        _ tiles: Range<Int>, into y: UnsafeMutablePointer<Float>
    ) {
        let (height, breadth) = piece(tiles: tiles.count, panels: panels)
        let down = (tiles.count + height - 1) / height
        let across = (panels + breadth - 1) / breadth
        // Pieces of the same panels follow each other: the weight is what comes from far away.
        ThreadPool.run(down * across) { index in
            let first = index % down * height
            let panel = index / down * breadth
            unsafe Scratch.withFloats(products(height, breadth)) { scratch in
                unsafe withUnsafePointer(to: shape) { shape in
                    unsafe Kernels.table.winograd_output(
                        shape, v + first * line, plane, u, added.bias, added.residual,
                        tiles.lowerBound + first, min(height, tiles.count - first), panel,
                        min(breadth, panels - panel), y, scratch)
                }
            }
        }
    }

    /// Floats of what is multiplied at a time.
    private func products(_ tiles: Int, _ panels: Int) -> Int {
        16 * voken_odd_lines(tiles * panels * WinogradWeight.panelColumns)
    }

    /// Tiles and panels of a piece: as many as the caches hold, and as leave the threads enough.
    private func piece(tiles: Int, panels: Int) -> (tiles: Int, panels: Int) {
        var across = max((panels + Self.mostPanels - 1) / Self.mostPanels, 1)
        var down = max((tiles + Self.mostTiles - 1) / Self.mostTiles, 1)
        let wanted = 4 * ThreadPool.threads
        while across * down < wanted && across < panels { across += 1 }
        while across * down < wanted && tiles / down > 28 { down += 1 }
        return (max((tiles + down - 1) / down, 1), max((panels + across - 1) / across, 1))
    }
}

extension Winograd {
    /// Of the result.
    static func outputShape(_ x: Shape, outputs: Int, padding: Padding) -> Shape {
        [
            x[0], x[1] + padding.top + padding.bottom - 2, x[2] + padding.left + padding.right - 2,
            outputs,
        ]
    }
}

import Checkpoints
import Tensors

/// Decodes a large picture in overlapping squares, each by itself, which fade into each other: memory
/// is that of a square, whatever the picture's size.
///
/// It is an approximation: group norms and the attention over all places see a square alone, so that
/// colours may drift over a large picture.
struct TiledDecoding: Sendable {
    /// Latents of a square's side, and of the overlap of two.
    let side, overlap: Int

    /// - Returns: `nil` for a side of 0.
    init?(_ settings: Settings) throws(SettingError) {
        side = try settings.integer("tile", default: 0, in: 0...4096)
        overlap = side / 4
        guard side > 0 else { return nil }
        guard side >= 8 else { throw settings.error("tile", "\(side) latents; 0, or at least 8") }
    }

    /// - Parameters:
    ///   - latents: `[B, H, W, latent]`.
    ///   - factor: pixels of a side for one latent.
    ///   - decode: of a square, to `[B, h·d, w·d, 3]`.
    /// - Returns: `[B, H·d, W·d, 3]`.
    func callAsFunction(
        _ latents: Tensor, factor: Int, decode: (Tensor) -> Tensor
    ) -> Tensor {
        let (rows, columns) = (starts(in: latents.shape[1]), starts(in: latents.shape[2]))
        guard rows.count > 1 || columns.count > 1 else { return decode(latents) }
        var picture = BlendedPicture(
            [latents.shape[0], latents.shape[1] * factor, latents.shape[2] * factor, 3],
            fade: overlap * factor)
        for row in rows {
            let band = latents.slice(axis: 1, row..<min(row + side, latents.shape[1]))
            for column in columns {
                let square = band.slice(axis: 2, column..<min(column + side, latents.shape[2]))
                picture.add(decode(square), top: row * factor, left: column * factor)
            }
        }
        return picture.tensor
    }

    /// Of the squares along an axis; the last ends where the axis does.
    private func starts(in extent: Int) -> [Int] {
        guard extent > side else { return [0] }
        return Array(stride(from: 0, to: extent - side, by: side - overlap)) + [extent - side]
    }
}

/// A mean of squares, weighted by how far from its inner edges a pixel of a square is.
private struct BlendedPicture {
    private let shape: Shape
    private let fade: Int
    private var sums: [Float]
    private var weights: [Float]

    init(_ shape: Shape, fade: Int) {
        self.shape = shape
        self.fade = fade
        sums = Array(repeating: 0, count: shape.count)
        weights = Array(repeating: 0, count: shape[1] * shape[2])
    }

    mutating func add(_ square: Tensor, top: Int, left: Int) {
        if DryRun.isRunning { return }
        let (height, width) = (square.shape[1], square.shape[2])
        let down = ramp(height, first: top, of: shape[1])
        let across = ramp(width, first: left, of: shape[2])
        square.withSpan { pixels in
            for row in 0..<height {
                for column in 0..<width {
                    let weight = down[row] * across[column]
                    let place = (top + row) * shape[2] + left + column
                    weights[place] += weight
                    for sample in 0..<shape[0] {
                        let source = ((sample * height + row) * width + column) * 3
                        let target = (sample * shape[1] * shape[2] + place) * 3
                        for channel in 0..<3 {
                            sums[target + channel] += pixels[source + channel] * weight
                        }
                    }
                }
            }
        }
    }

    var tensor: Tensor {
        Tensor(shape) { pixels in
            for index in pixels.indices {
                pixels[index] = sums[index] / weights[index / 3 % weights.count]
            }
        }
    }

    /// Weights along an axis: they rise and fall at edges that are not the picture's.
    private func ramp(_ count: Int, first: Int, of extent: Int) -> [Float] {
        (0..<count).map { index in
            let rise = first == 0 ? fade : index + 1
            let fall = first + count == extent ? fade : count - index
            return Float(min(rise, fall, fade)) / Float(fade)
        }
    }
}

import Stages
import Tensors

/// Describes a picture by the mean colours of its horizontal bands, one position a band.
///
/// Settings: `image_size`, `positions`, `width`.
struct EchoImageEncoder: ImageEncoder {
    static let descriptor = StageDescriptor(.imageEncoder, name: "echo", version: "1.0.0")

    let imageSize: Int
    let positions: Int
    let width: Int

    init(_ context: StageContext) throws {
        imageSize = try context.settings.integer("image_size", default: 8, in: 1...1024)
        positions = try context.settings.integer("positions", default: 2, in: 1...imageSize)
        width = try context.settings.integer("width", default: EchoTokenizer.size, in: 3...65536)
        logMade(context)
    }

    func encode(_ pixels: Tensor) -> Tensor {
        let batch = pixels.shape[0]
        var means = [Float](repeating: 0, count: batch * positions * width)
        let rows = imageSize / positions
        let share = 1 / Float(rows * imageSize)
        pixels.withSpan { pixels in
            for picture in 0..<batch {
                for band in 0..<positions {
                    let mean = (picture * positions + band) * width
                    let start = (picture * imageSize + band * rows) * imageSize * 3
                    for index in 0..<rows * imageSize * 3 {
                        means[mean + index % 3] += pixels[start + index] * share
                    }
                }
            }
        }
        return Tensor([batch, positions, width], means)
    }
}

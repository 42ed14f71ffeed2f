import Checkpoints
import Images
import Tensors

/// A picture in the pipeline: 8-bit RGB, as a user sent it or as it was decoded from a latent.
struct Picture {
    private let image: Image

    /// Decodes a PNG or JPEG file.
    /// - Parameter number: from 1, among the request's pictures, for messages.
    init(file: [UInt8], number: Int, _ limits: ImageLimits) throws(RequestError) {
        do {
            image = try Image.decode(file, limits: limits)
        } catch {
            throw RequestError(.badImage, "picture \(number): \(error)")
        }
    }

    /// - Parameter decoded: `[H, W, 3]`, RGB around `-1...1`, as a VAE gives it: clamped to
    ///   `0...1`, scaled by 255 and rounded, halves to even, as diffusers does.
    init(decoded: Tensor) {
        let (height, width) = (decoded.shape[0], decoded.shape[1])
        let pixels = decoded.withSpan { span in
            span.indices.map { index in
                let unit = min(max(span[index] / 2 + 0.5, 0), 1)
                return UInt8((unit * 255).rounded(.toNearestOrEven))
            }
        }
        image = Image(width: width, height: height, pixels: pixels)
    }

    /// - Returns: `[1, S, S, 3]`, RGB in `0...1`: the shorter side scaled to S, the middle cut out,
    ///   as in the published evaluation.
    func encoderInput(side: Int) -> Tensor { image.prepared(side: side).tensor() }

    /// As a PNG file with its recipe in text chunks.
    func finished(index: Int, recipe: [RecipeEntry]) -> StoryImage {
        let png = image.png(text: recipe.map { ($0.key, $0.value) })
        return StoryImage(
            index: index, width: image.width, height: image.height, png: png,
            sha256: SHA256.hash(png), recipe: recipe)
    }
}

extension RequestLimits {
    /// Of the pictures that users send. Those that were drawn here come back under the decoder's own
    /// limits: they may be larger than what users may send.
    var pictures: ImageLimits {
        var limits = ImageLimits()
        limits.fileBytes = imageBytes
        limits.pixels = imagePixels
        return limits
    }
}

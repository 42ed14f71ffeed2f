import Stages
import Tensors

/// A latent element is a square of pixels in the colour of its first three channels.
///
/// Settings: `latent_channels` (at least 3), `downsampling`.
struct EchoVAE: VAE {
    static let descriptor = StageDescriptor(.vae, name: "echo", version: "1.0.0")

    let latentChannels: Int
    let downsampling: Int

    init(_ context: StageContext) throws {
        latentChannels = try context.settings.integer("latent_channels", default: 4, in: 3...64)
        downsampling = try context.settings.integer("downsampling", default: 2, in: 1...64)
        logMade(context)
    }

    func decode(_ latents: Tensor) -> Tensor {
        let (batch, height, width) = (latents.shape[0], latents.shape[1], latents.shape[2])
        let side = downsampling
        return latents.withSpan { latents in
            Tensor([batch, height * side, width * side, 3]) { (span: inout MutableSpan<Float>) in
                for index in span.indices {
                    let (pixel, channel) = index.quotientAndRemainder(dividingBy: 3)
                    let (row, column) = pixel.quotientAndRemainder(dividingBy: width * side)
                    // Rows of all samples are consecutive, in latents and in pixels.
                    let latent = row / side * width + column / side
                    span[index] = latents[latent * latentChannels + channel]
                }
            }
        }
    }

    func encode(_ pixels: Tensor) -> (mean: Tensor, logVariance: Tensor, scale: Float) {
        let side = downsampling
        let (batch, height, width) = (
            pixels.shape[0], pixels.shape[1] / side, pixels.shape[2] / side
        )
        let shape: Shape = [batch, height, width, latentChannels]
        var mean = [Float](repeating: 0, count: shape.count)
        let share = 1 / Float(side * side)
        pixels.withSpan { pixels in
            for index in pixels.indices {
                let (pixel, channel) = index.quotientAndRemainder(dividingBy: 3)
                let (row, column) = pixel.quotientAndRemainder(dividingBy: width * side)
                let latent = row / side * width + column / side
                mean[latent * latentChannels + channel] += pixels[index] * share
            }
        }
        return (Tensor(shape, mean), Tensor(shape, repeating: -30), 1)
    }
}

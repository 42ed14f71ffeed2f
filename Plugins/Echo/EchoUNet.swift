import Stages
import Tensors

/// Predicts that the latent is noise, shifted by the mean of the conditioning.
///
/// Settings: `latent_channels`, `sample_size`, `conditioning_width`.
struct EchoUNet: UNet {
    static let descriptor = StageDescriptor(.unet, name: "echo", version: "1.0.0")

    let latentChannels: Int
    let sampleSize: Int
    let conditioningWidth: Int

    init(_ context: StageContext) throws {
        latentChannels = try context.settings.integer("latent_channels", default: 4, in: 1...64)
        sampleSize = try context.settings.integer("sample_size", default: 4, in: 1...256)
        conditioningWidth = try context.settings.integer(
            "conditioning_width", default: 8, in: 1...65536)
        logMade(context)
    }

    func predict(_ latents: Tensor, timesteps: [Float], conditioning: Tensor) -> Tensor {
        let shares = conditioning.count / timesteps.count
        let means = conditioning.withSpan { span in
            timesteps.indices.map { sample in
                (0..<shares).reduce(Float(0)) { $0 + span[sample * shares + $1] } / Float(shares)
            }
        }
        let size = latents.count / timesteps.count
        return latents.withSpan { elements in
            Tensor(latents.shape) { (span: inout MutableSpan<Float>) in
                for index in span.indices { span[index] = elements[index] + means[index / size] }
            }
        }
    }
}

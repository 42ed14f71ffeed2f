import Layers
public import Stages
public import Tensors

/// The autoencoder of latent diffusion (Rombach et al., 2022), in the layout of diffusers'
/// `AutoencoderKL`.
///
/// Settings: `tile`, latents of a side of the squares that a larger picture is decoded in; 0, the
/// default, for decoding it as a whole. See ``TiledDecoding`` for what that changes.
public struct AutoencoderKLStage: VAE {
    public static let descriptor = StageDescriptor(.vae, name: "autoencoder_kl", version: "1")

    private let configuration: AutoencoderConfiguration
    private let encoder: Encoder
    private let quantConv: Conv2d?
    private let postQuantConv: Conv2d?
    private let decoder: Decoder
    private let tiles: TiledDecoding?

    public init(_ context: StageContext) throws {
        let model = try context.requireModel()
        let p = model.parameters
        let c = try AutoencoderConfiguration(model.configuration)
        let (moments, latents) = (2 * c.latentChannels, c.latentChannels)
        configuration = c
        encoder = try Encoder(p["encoder"], c)
        quantConv =
            c.hasQuantConv ? try Conv2d(p["quant_conv"], moments, moments, kernel: 1) : nil
        postQuantConv =
            c.hasPostQuantConv
            ? try Conv2d(p["post_quant_conv"], latents, latents, kernel: 1) : nil
        decoder = try Decoder(p["decoder"], c)
        tiles = try TiledDecoding(context.settings)
        try model.requireAllRead()
    }

    public var latentChannels: Int { configuration.latentChannels }
    public var downsampling: Int { configuration.downsampling }

    public func decode(_ latents: Tensor) -> Tensor {
        precondition(
            latents.shape.rank == 4 && latents.shape[3] == latentChannels,
            "latents of shape \(latents.shape)")
        guard let tiles else { return decodeWhole(latents) }
        return tiles(latents, factor: downsampling, decode: decodeWhole)
    }

    private func decodeWhole(_ latents: Tensor) -> Tensor {
        let latents = latents.scaled(by: 1 / configuration.scalingFactor)
        return decoder(postQuantConv?(latents) ?? latents)
    }

    public func encode(_ pixels: Tensor) -> (mean: Tensor, logVariance: Tensor, scale: Float) {
        precondition(
            pixels.shape.rank == 4 && pixels.shape[1].isMultiple(of: downsampling)
                && pixels.shape[2].isMultiple(of: downsampling),
            "pictures of shape \(pixels.shape) for latents \(downsampling) times smaller")
        let encoded = encoder(pixels)
        let moments = quantConv?(encoded) ?? encoded
        return (
            moments.slice(axis: 3, 0..<latentChannels),
            moments.slice(axis: 3, latentChannels..<2 * latentChannels).clamped(to: -30...20),
            configuration.scalingFactor
        )
    }
}

extension Tensor {
    fileprivate func clamped(to range: ClosedRange<Float>) -> Tensor {
        Tensor(shape) { clamped in
            withSpan { values in
                for index in values.indices {
                    clamped[index] = min(max(values[index], range.lowerBound), range.upperBound)
                }
            }
        }
    }
}

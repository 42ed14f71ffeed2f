import Layers
public import Stages
public import Tensors

/// MiniGPT-4's image encoder (Zhu et al., 2023, §3): EVA's vision transformer, a layer norm,
/// BLIP-2's Q-Former and a projection into the language model's space.
public struct EvaQFormerStage: ImageEncoder {
    public static let descriptor = StageDescriptor(
        .imageEncoder, name: "eva_qformer", version: "1")

    private let configuration: EncoderConfiguration
    private let vision: EvaVisionTransformer
    private let visionNorm: LayerNorm
    private let qFormer: QFormer
    private let projection: Linear

    public init(_ context: StageContext) throws {
        let model = try context.requireModel()
        let p = model.parameters
        let c = try EncoderConfiguration(model.configuration)
        configuration = c
        // EVA's own file has no prefix, a whole MiniGPT-4 has one.
        let eva = p.contains("visual_encoder.cls_token") ? p["visual_encoder"] : p
        vision = try EvaVisionTransformer(eva, c)
        visionNorm = try LayerNorm(p["ln_vision"], c.width, epsilon: c.visionNormEpsilon)
        qFormer = try QFormer(p, c.qFormer, pictureWidth: c.width)
        projection = try Linear(p["llama_proj"], c.qFormer.width, c.projectionWidth)
        // The published parts hold a last block and norms that are not used, and BLIP-2's
        // projection into another language model.
        try model.requireAllRead(ignoring: [
            "blocks.\(c.depth).*", "norm.*", "fc_norm.*", "head.*", "t5_proj.*",
        ])
    }

    public var imageSize: Int { configuration.imageSize }
    public var positions: Int { configuration.qFormer.queries }
    public var width: Int { configuration.projectionWidth }

    public func encode(_ pixels: Tensor) -> Tensor {
        precondition(
            pixels.shape == [pixels.shape[0], imageSize, imageSize, 3],
            "pictures of shape \(pixels.shape) for an encoder of \(imageSize) pixels")
        return projection(qFormer(visionNorm(vision(normalised(pixels)))))
    }

    /// Channels to zero mean and unit variance over the pictures that the encoder was trained on.
    private func normalised(_ pixels: Tensor) -> Tensor {
        let (mean, deviation) = (configuration.mean, configuration.deviation)
        return Tensor(pixels.shape) { normalised in
            pixels.withSpan { pixels in
                for index in pixels.indices {
                    let channel = index % 3
                    normalised[index] = (pixels[index] - mean[channel]) / deviation[channel]
                }
            }
        }
    }
}

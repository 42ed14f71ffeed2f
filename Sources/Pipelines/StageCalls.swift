import Stages
import Tensors

// The calls of stages, each charged to its stage, and each with a check of what comes back: a
// plugin that answers with the wrong shape or with numbers that are none fails the request, with
// its name, and not the program.

extension Generation {
    /// - Parameter pixels: `[1, S, S, 3]`, RGB in `0...1`.
    /// - Returns: `[N, D]`.
    func encode(_ pixels: Tensor) throws(RequestError) -> Tensor {
        let (positions, width) = (imageEncoder.positions, imageEncoder.width)
        return try call(.imageEncoder, [1, positions, width]) { imageEncoder.encode(pixels) }
            .reshaped([positions, width])
    }

    /// - Returns: `[T, D]`.
    func embed(_ tokens: [Int]) throws(RequestError) -> Tensor {
        try call(.languageModel, [tokens.count, languageModel.width]) {
            languageModel.embed(tokens)
        }
    }

    /// A new sequence.
    func makeState() -> any LanguageModelState {
        MemoryAccount.charging(work(.languageModel)) { languageModel.makeState() }
    }

    /// - Returns: `[T, D]`, finite.
    func forward(
        _ embeddings: Tensor, _ state: any LanguageModelState
    ) throws(RequestError) -> Tensor {
        try call(.languageModel, embeddings.shape) {
            languageModel.forward(embeddings, state: state)
        }
    }

    /// - Parameter hidden: `[1, D]`.
    /// - Returns: V logits, finite.
    func logits(_ hidden: Tensor) throws(RequestError) -> [Float] {
        try call(.languageModel, [1, languageModel.vocabularySize]) {
            languageModel.logits(hidden)
        }.values
    }

    /// - Parameter hidden: `[1, vokens, D]`.
    /// - Returns: `[1, L, C]`.
    func map(_ hidden: Tensor) throws(RequestError) -> Tensor {
        try call(.featureMapper, [1, featureMapper.length, featureMapper.width]) {
            featureMapper.map(hidden)
        }
    }

    /// - Returns: shaped like `latents`.
    func predict(
        _ latents: Tensor, timestep: Float, conditioning: Tensor
    ) throws(RequestError) -> Tensor {
        let timesteps = [Float](repeating: timestep, count: latents.shape[0])
        return try call(.unet, latents.shape) {
            unet.predict(latents, timesteps: timesteps, conditioning: conditioning)
        }
    }

    /// - Parameter latents: `[1, H, W, latentChannels]`.
    /// - Returns: `[H·d, W·d, 3]`, RGB around `-1...1`.
    func decode(_ latents: Tensor) throws(RequestError) -> Tensor {
        let height = latents.shape[1] * vae.downsampling
        let width = latents.shape[2] * vae.downsampling
        return try call(.vae, [1, height, width, 3]) { vae.decode(latents) }
            .reshaped([height, width, 3])
    }

    private func call(
        _ kind: StageKind, _ shape: Shape, _ body: () -> Tensor
    ) throws(RequestError) -> Tensor {
        let result = MemoryAccount.charging(work(kind), body)
        guard result.shape == shape else {
            throw RequestError(
                .stageFailed,
                "stage \(kind.rawValue) gave the shape \(result.shape) instead of \(shape); "
                    + "its plugin is at fault")
        }
        let isFinite = result.withSpan { span in
            // NaN and infinities, and nothing else, do not cancel out to zero.
            var sum: Float = 0
            for index in span.indices { sum += span[index] * 0 }
            return sum == 0
        }
        guard isFinite else {
            throw RequestError(
                .stageFailed,
                "stage \(kind.rawValue) gave numbers that are not finite; "
                    + "check its weights and the pipeline's settings")
        }
        return result
    }
}

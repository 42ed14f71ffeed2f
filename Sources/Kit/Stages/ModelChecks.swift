import Tensors

/// The suites of the kinds that are functions of tensors alone.
extension StageCheck {
    func imageEncoder(_ stage: any ImageEncoder) throws(StageCheckError) {
        try requirePositive("imageSize", stage.imageSize)
        try requirePositive("positions", stage.positions)
        try requirePositive("width", stage.width)
        let side = stage.imageSize
        let pixels = Tensor([1, side, side, 3]) { (span: inout MutableSpan<Float>) in
            for index in span.indices { span[index] = Float(index % 256) / 255 }
        }
        _ = try repeatable("encode", [1, stage.positions, stage.width]) { stage.encode(pixels) }
    }

    func featureMapper(_ stage: any FeatureMapper) throws(StageCheckError) {
        try requirePositive("vokens", stage.vokens)
        try requirePositive("inputWidth", stage.inputWidth)
        try requirePositive("length", stage.length)
        try requirePositive("width", stage.width)
        let feature: Shape = [1, stage.length, stage.width]
        let hidden = input([1, stage.vokens, stage.inputWidth])
        let mapped = try repeatable("map", feature) { stage.map(hidden) }
        let zeros = Tensor(hidden.shape, repeating: 0)
        let unconditional = try repeatable("map zeros", feature) { stage.map(zeros) }
        let both = stage.map(stacked(hidden, zeros))
        try requireShape(both, feature.with(2, at: 0), "map two")
        try requireClose(both, stacked(mapped, unconditional), "map two")
    }

    func unet(_ stage: any UNet) throws(StageCheckError) {
        try requirePositive("latentChannels", stage.latentChannels)
        try requirePositive("sampleSize", stage.sampleSize)
        try requirePositive("conditioningWidth", stage.conditioningWidth)
        let latents = input([1, stage.sampleSize, stage.sampleSize, stage.latentChannels])
        let conditioning = input([1, 4, stage.conditioningWidth])
        for timestep: Float in [0, 999] {
            let exact = try repeatable("predict at \(Int(timestep))", latents.shape) {
                stage.predict(latents, timesteps: [timestep], conditioning: conditioning)
            }
            if timestep > 0 { try prepared(stage, latents, timestep, conditioning, exact) }
        }
    }

    /// What a UNet prepares changes nothing, nor does keeping deep features; shortcuts that it
    /// offers it can take.
    private func prepared(
        _ stage: any UNet, _ latents: Tensor, _ timestep: Float, _ conditioning: Tensor,
        _ exact: Tensor
    ) throws(StageCheckError) {
        let prepared = stage.prepare(conditioning)
        try requireShape(prepared.conditioning, conditioning.shape, "prepare")
        func predict(_ shortcuts: UNetShortcuts) -> Tensor {
            stage.predict(
                latents, timesteps: [timestep], prepared: [prepared], shortcuts: shortcuts)
        }
        let features = DeepFeatures()
        let isDeep = stage.shortcuts.contains(.deepFeatures)
        let kept = predict(isDeep ? UNetShortcuts(depth: .keeping([features])) : .none)
        try requireShape(kept, exact.shape, "predict prepared")
        try require(
            kept.values == exact.values, "predict prepared", "other numbers than unprepared")
        if isDeep {
            try require(features.features != nil, "deep_cache", "nothing was kept")
            _ = try repeatable("deep_cache", exact.shape) {
                predict(UNetShortcuts(depth: .reusing([features])))
            }
        }
        if stage.shortcuts.contains(.tokenMerging) {
            _ = try repeatable("token_merging", exact.shape) {
                predict(UNetShortcuts(merging: .init(ratio: 0.5, seeds: [1])))
            }
        }
    }

    func vae(_ stage: any VAE) throws(StageCheckError) {
        try requirePositive("latentChannels", stage.latentChannels)
        try requirePositive("downsampling", stage.downsampling)
        let latents = input([1, 4, 6, stage.latentChannels])
        let pixels: Shape = [1, 4 * stage.downsampling, 6 * stage.downsampling, 3]
        let decoded = try repeatable("decode", pixels) { stage.decode(latents) }
        let (_, logVariance, scale) = stage.encode(decoded)
        _ = try repeatable("encode", latents.shape) { stage.encode(decoded).mean }
        try requireShape(logVariance, latents.shape, "encode, logVariance")
        try require(
            logVariance.values.allSatisfy { (-30...20).contains($0) }, "encode, logVariance",
            "not within -30...20")
        try require(scale.isFinite && scale > 0, "encode, scale", "\(scale); it must be positive")
    }

    func textEncoder(_ stage: any TextEncoder) throws(StageCheckError) {
        try requirePositive("length", stage.length)
        try requirePositive("width", stage.width)
        let captions = ["", "a red fox", String(repeating: "a red fox ", count: stage.length)]
        _ = try repeatable("encode", [captions.count, stage.length, stage.width]) {
            try stage.encode(captions)
        }
    }

    /// Two tensors as one batch.
    private func stacked(_ a: Tensor, _ b: Tensor) -> Tensor {
        Tensor(a.shape.with(a.shape[0] + b.shape[0], at: 0), a.values + b.values)
    }
}

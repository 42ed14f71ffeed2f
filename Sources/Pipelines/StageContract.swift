import Stages

/// What neighbouring stages must have in common, checked before a pipeline is used.
enum StageContract {
    /// Two numbers that must be equal, each with where it comes from.
    private struct Pair {
        let left: (name: String, value: Int)
        let right: (name: String, value: Int)
    }

    static func check(_ generation: Generation) throws(PipelineError) {
        let path = generation.file.path
        for (name, value) in sizes(generation) where value < 1 {
            throw PipelineError(.contract, file: path, "\(name) is \(value); it must be positive")
        }
        for pair in pairs(generation) where pair.left.value != pair.right.value {
            throw PipelineError(
                .contract, file: path,
                "\(pair.left.name) is \(pair.left.value) but \(pair.right.name) is "
                    + "\(pair.right.value): these stages do not belong together")
        }
        try checkVocabulary(generation)
        try checkVokens(generation)
        try checkContext(generation)
    }

    private static func sizes(_ generation: Generation) -> [(String, Int)] {
        [
            ("image_encoder's image size", generation.imageEncoder.imageSize),
            ("image_encoder's positions", generation.imageEncoder.positions),
            ("language_model's width", generation.languageModel.width),
            ("language_model's vocabulary", generation.languageModel.vocabularySize),
            ("feature_mapper's length", generation.featureMapper.length),
            ("unet's latent channels", generation.unet.latentChannels),
            ("unet's sample size", generation.unet.sampleSize),
            ("unet's conditioning width", generation.unet.conditioningWidth),
            ("vae's downsampling", generation.vae.downsampling),
        ]
    }

    private static func pairs(_ generation: Generation) -> [Pair] {
        let mapper = generation.featureMapper
        let model = generation.languageModel
        var pairs = [
            Pair(
                left: ("image_encoder's width", generation.imageEncoder.width),
                right: ("language_model's width", model.width)),
            Pair(
                left: ("language_model's width", model.width),
                right: ("feature_mapper's input width", mapper.inputWidth)),
            Pair(
                left: ("language_model's count of vokens", model.tokenizer.vokens.count),
                right: ("feature_mapper's count of vokens", mapper.vokens)),
            Pair(
                left: ("feature_mapper's width", mapper.width),
                right: ("unet's conditioning width", generation.unet.conditioningWidth)),
            Pair(
                left: ("unet's latent channels", generation.unet.latentChannels),
                right: ("vae's latent channels", generation.vae.latentChannels)),
        ]
        if let encoder = generation.textEncoder {
            pairs += [
                Pair(
                    left: ("text_encoder's width", encoder.width),
                    right: ("feature_mapper's width", mapper.width)),
                Pair(
                    left: ("text_encoder's length", encoder.length),
                    right: ("feature_mapper's length", mapper.length)),
            ]
        }
        return pairs
    }

    private static func checkVocabulary(_ generation: Generation) throws(PipelineError) {
        let tokenizer = generation.languageModel.tokenizer
        let rows = generation.languageModel.vocabularySize
        let special =
            [tokenizer.unknown, tokenizer.beginning, tokenizer.end, tokenizer.imagePlaceholder]
            + [tokenizer.vokens.lowerBound, tokenizer.vokens.upperBound - 1]
        guard tokenizer.count <= rows, special.allSatisfy({ (0..<rows).contains($0) }) else {
            throw PipelineError(
                .contract, file: generation.file.path,
                "language_model's tokenizer has \(tokenizer.count) ids but its table \(rows) rows: "
                    + "the tokenizer belongs to another checkpoint")
        }
    }

    /// A picture needs vokens to be drawn from.
    private static func checkVokens(_ generation: Generation) throws(PipelineError) {
        guard !generation.languageModel.hasVokens, generation.file.language.forceGeneration else {
            return
        }
        throw PipelineError(
            .contract, file: generation.file.path,
            line: generation.file.line(of: "language.force_generation"),
            "language.force_generation asks for pictures, and the language model tells text alone: "
                + "set it to false, or name a model with vokens")
    }

    /// Whatever the history, a scene must be left with room to be told and drawn.
    private static func checkContext(_ generation: Generation) throws(PipelineError) {
        let room = SceneRoom(generation)
        let least = room.count(room.input(.next, after: StoryHistory()) ?? [])
        guard least + room.reserve(for: .next) <= generation.contextLength else {
            throw PipelineError(
                .contract, file: generation.file.path,
                line: generation.file.line(of: "limits.context_tokens"),
                "a context of \(generation.contextLength) tokens is too short for a scene: the "
                    + "prompt takes \(least), the answer up to \(room.reserve(for: .next)); raise "
                    + "limits.context_tokens or lower language.max_new_tokens")
        }
    }
}

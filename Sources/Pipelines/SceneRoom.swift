import Stages

/// Prompts of scenes and the room they take in the context.
struct SceneRoom {
    private let generation: Generation
    private let prompts: VISTPrompt

    init(_ generation: Generation) {
        self.generation = generation
        prompts = VISTPrompt(profile: generation.file.language.prompts)
    }

    /// Positions kept free for the answer: its tokens, and the vokens of an image at its end.
    var reserve: Int { generation.file.language.maxNewTokens + vokens }

    /// The input of the scene that illustrates the user's text.
    func illustration(of text: String, after history: StoryHistory) -> [InputItem] {
        assemble(prompts.imageOnly(text, after: history), history.images)
    }

    /// The input of a scene that the model tells.
    func next(after history: StoryHistory) -> [InputItem] {
        assemble(prompts.multimodal(after: history), history.images)
    }

    /// Positions of an input.
    func count(_ items: [InputItem]) -> Int {
        items.reduce(0) { sum, item in
            if case .image = item { sum + generation.imageEncoder.positions } else { sum + 1 }
        }
    }

    /// Forgets the oldest scenes (a picture of the user counts as one) until the next scene has
    /// room for its prompt and its answer.
    func fit(_ history: inout StoryHistory) {
        while !history.isEmpty,
            count(next(after: history)) + reserve > generation.contextLength
        {
            history.dropOldest()
        }
    }

    /// - Throws: if the scene that illustrates the user's text does not fit.
    func checkIllustration(
        of text: String, after history: StoryHistory
    ) throws(RequestError) {
        let needed = count(illustration(of: text, after: history)) + vokens
        guard needed <= generation.contextLength else {
            throw RequestError(
                .tooLong,
                "the prompt, its pictures and the instruction take \(needed) tokens; the context "
                    + "has \(generation.contextLength): shorten the prompt or send fewer pictures")
        }
    }

    private var vokens: Int { generation.featureMapper.vokens }

    /// The beginning, then the text's tokens with the k-th placeholder as the k-th picture.
    private func assemble(_ prompt: String, _ images: [Int]) -> [InputItem] {
        let tokenizer = generation.languageModel.tokenizer
        var beginning = tokenizer.beginning
        if generation.file.language.beginning == .end { beginning = tokenizer.end }
        var images = images[...]
        return [.token(beginning)]
            + tokenizer.encode(prompt).map { token in
                token == tokenizer.imagePlaceholder
                    ? images.popFirst().map(InputItem.image) ?? .token(token) : .token(token)
            }
    }
}

/// One element of the language model's input.
enum InputItem: Equatable {
    case token(Int)
    /// A picture's positions, by the picture's number in the request.
    case image(Int)
}

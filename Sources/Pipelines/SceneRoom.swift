import Stages

/// Prompts of scenes and the room they take in the context.
struct SceneRoom {
    private let generation: Generation
    private let prompts: any TaskPrompts

    init(_ generation: Generation) {
        self.generation = generation
        let language = generation.file.language
        prompts = language.task.prompts(language.prompts)
    }

    /// Positions kept free for the answer: its tokens, and the vokens of an image at its end.
    var reserve: Int { generation.file.language.maxNewTokens + vokens }

    /// The input of the scene that illustrates the user's text; `nil` where the task has none.
    func illustration(of text: String, after history: StoryHistory) -> [InputItem]? {
        prompts.illustration(of: text, after: history).map(assemble)
    }

    /// The input of a scene that the model tells; `nil` where the task has none.
    func next(after history: StoryHistory) -> [InputItem]? {
        prompts.next(after: history).map(assemble)
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
        while !history.isEmpty, let input = next(after: history),
            count(input) + reserve > generation.contextLength
        {
            history.dropOldest()
        }
    }

    /// - Throws: if the first question about the user's text does not fit.
    func checkFirst(of text: String, after history: StoryHistory) throws(RequestError) {
        var told = history
        told.append([.text(text)])
        let input = illustration(of: text, after: history) ?? next(after: told) ?? []
        let needed = count(input) + vokens
        guard needed <= generation.contextLength else {
            throw RequestError(
                .tooLong,
                "the prompt, its pictures and the instruction take \(needed) tokens; the context "
                    + "has \(generation.contextLength): shorten the prompt or send fewer pictures")
        }
    }

    private var vokens: Int { generation.featureMapper.vokens }

    /// The beginning, then the text's tokens with the k-th placeholder as the k-th picture.
    private func assemble(_ prompt: Prompt) -> [InputItem] {
        let tokenizer = generation.languageModel.tokenizer
        var beginning = tokenizer.beginning
        if generation.file.language.beginning == .end { beginning = tokenizer.end }
        var images = prompt.images[...]
        return [.token(beginning)]
            + tokenizer.encode(prompt.text).map { token in
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

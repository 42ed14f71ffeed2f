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

    /// What a scene asks the language model.
    enum Question: Equatable {
        /// A picture of the user's text.
        case illustration(String)
        /// What comes next.
        case next
    }

    /// The input of a scene; `nil` where the task has no such question.
    func input(_ question: Question, after history: StoryHistory) -> [InputItem]? {
        let prompt =
            switch question {
            case .illustration(let text): prompts.illustration(of: text, after: history)
            case .next: prompts.next(after: history)
            }
        return prompt.map(assemble)
    }

    /// Where an input of this task is cut.
    func pieces(of input: [InputItem]) -> PromptPieces {
        let beginning = assemble(Prompt(text: prompts.beginning))
        let common = zip(beginning, input).prefix { $0 == $1 }.count
        return PromptPieces(
            common: prompts.beginning.isEmpty ? 0 : common,
            longest: generation.file.engine.prefillChunk)
    }

    /// Positions kept free for the answer: of an illustration the vokens, else also its tokens.
    func reserve(for question: Question) -> Int {
        question == .next ? generation.file.language.maxNewTokens + vokens : vokens
    }

    /// Positions of an input.
    func count(_ items: [InputItem]) -> Int {
        items.reduce(0) { sum, item in
            if case .image = item { sum + generation.imageEncoder.positions } else { sum + 1 }
        }
    }

    /// Forgets the oldest scenes (a picture of the user counts as one) until the question has room
    /// for its prompt and its answer.
    /// - Parameter kept: the newest that are never forgotten.
    func fit(_ history: inout StoryHistory, for question: Question, keeping kept: Int = 0) {
        while history.count > kept, let input = input(question, after: history),
            count(input) + reserve(for: question) > generation.contextLength
        {
            history.dropOldest()
        }
    }

    /// - Parameters:
    ///   - text: of the user, or nothing.
    ///   - pictures: how many were sent along.
    /// - Throws: if the first question about them does not fit, with all else forgotten.
    func checkFirst(of text: String, pictures: Int) throws(RequestError) {
        let shown = StoryHistory(pictures: pictures)
        var told = shown
        if !text.isEmpty { told.append([.text(text)]) }
        let input =
            (text.isEmpty ? nil : input(.illustration(text), after: shown))
            ?? input(.next, after: told) ?? []
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

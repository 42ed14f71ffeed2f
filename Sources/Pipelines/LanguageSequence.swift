import Stages
import Tensors

/// A sequence in the language model: what it was given, and what it predicts from it.
struct LanguageSequence {
    private let generation: Generation
    private let state: any LanguageModelState
    /// The prompt's embeddings, `[T, D]`.
    private let prompt: Tensor
    /// `[1, D]`: the state at the last position, which predicts the next token.
    private(set) var last: Tensor

    /// The prompt.
    private let items: [InputItem]
    /// Positions that need not be taken in.
    let reused: Int

    private let pieces: PromptPieces
    /// The prompt, for ``PromptCache``.
    private let positions: [PromptPosition]

    /// - Parameters:
    ///   - memory: has the encodings of all pictures in `items`; its sequence is taken if it begins
    ///     as this one does.
    ///   - cache: where more of the beginning may be.
    init(
        _ generation: Generation, _ items: [InputItem], _ memory: ContextMemory,
        _ cache: PromptCache
    ) throws(RequestError) {
        self.generation = generation
        self.items = items
        pieces = SceneRoom(generation).pieces(of: items)
        positions = memory.positions(of: items)
        let own = memory.prefix?.usable(for: items, pieces) ?? 0
        if own > 0, let prefix = memory.prefix {
            state = prefix.state
            state.truncate(to: own)
        } else {
            state = generation.makeState()
        }
        cache.advance(state, through: positions, pieces, generation)
        reused = state.count
        var parts: [Tensor] = []
        var tokens: [Int] = []
        for item in items {
            switch item {
            case .token(let token): tokens.append(token)
            case .image(let number):
                if !tokens.isEmpty { parts.append(try generation.embed(tokens)) }
                tokens = []
                guard let picture = memory.encodings[number] else {
                    preconditionFailure("picture \(number) was not encoded")
                }
                parts.append(picture)
            }
        }
        if !tokens.isEmpty { parts.append(try generation.embed(tokens)) }
        prompt = concatenate(parts, axis: 0)
        last = prompt.slice(axis: 0, 0..<1)
    }

    /// Whether all of the prompt was taken in.
    var isReady: Bool { state.count >= prompt.shape[0] }

    /// For another prompt that begins like this one.
    var prefix: PromptPrefix {
        PromptPrefix(
            state, of: items, positions: min(state.count, prompt.shape[0]), pieces,
            picture: generation.imageEncoder.positions)
    }

    /// Hands the prompt, once all of it was taken in, to others that begin like it.
    func share(_ cache: PromptCache) { cache.keep(state, of: positions, pieces, generation) }

    /// Positions that are left.
    var room: Int { generation.contextLength - state.count }

    /// The next piece of the prompt.
    func nextPiece() -> StageWork {
        let start = state.count
        let end = min(pieces.end(from: start), prompt.shape[0])
        return .forward(prompt.slice(axis: 0, start..<end), state)
    }

    func work(of token: Int) throws(RequestError) -> StageWork {
        .forward(try generation.embed([token]), state)
    }

    /// All vokens at once.
    func workOfVokens() throws(RequestError) -> StageWork {
        .forward(try generation.embed(Array(generation.languageModel.tokenizer.vokens)), state)
    }

    /// What tells the next token.
    var logits: StageWork { .logits(last) }

    /// - Parameter states: `[T, D]`, of what was appended.
    mutating func take(_ states: Tensor) {
        let count = states.shape[0]
        last = states.slice(axis: 0, count - 1..<count)
    }

    /// - Returns: `[1, vokens, D]`, the states that predict the vokens: one position early.
    mutating func takeVokens(_ states: Tensor) -> Tensor {
        let count = states.shape[0]
        let features = concatenate([last, states.slice(axis: 0, 0..<count - 1)], axis: 0)
        take(states)
        return features.reshaped([1, count, generation.languageModel.width])
    }
}

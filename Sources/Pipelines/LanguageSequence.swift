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

    /// - Parameter pictures: each `[N, D]`, by their numbers in `items`.
    init(
        _ generation: Generation, _ items: [InputItem], pictures: [Tensor]
    ) throws(RequestError) {
        self.generation = generation
        state = generation.makeState()
        var parts: [Tensor] = []
        var tokens: [Int] = []
        for item in items {
            switch item {
            case .token(let token): tokens.append(token)
            case .image(let number):
                if !tokens.isEmpty { parts.append(try generation.embed(tokens)) }
                tokens = []
                parts.append(pictures[number])
            }
        }
        if !tokens.isEmpty { parts.append(try generation.embed(tokens)) }
        prompt = concatenate(parts, axis: 0)
        last = prompt.slice(axis: 0, 0..<1)
    }

    /// Whether all of the prompt was taken in.
    var isReady: Bool { state.count >= prompt.shape[0] }

    /// Positions that are left.
    var room: Int { generation.contextLength - state.count }

    /// Takes in the next piece of the prompt.
    mutating func prefill() throws(RequestError) {
        let start = state.count
        let end = min(start + generation.file.engine.prefillChunk, prompt.shape[0])
        _ = try append(prompt.slice(axis: 0, start..<end))
    }

    mutating func append(_ token: Int) throws(RequestError) {
        _ = try append(generation.embed([token]))
    }

    /// Feeds all vokens at once.
    /// - Returns: `[1, vokens, D]`, the states that predict them: one position early.
    mutating func appendVokens() throws(RequestError) -> Tensor {
        let vokens = Array(generation.languageModel.tokenizer.vokens)
        let before = last
        let states = try append(generation.embed(vokens))
        let features = concatenate(
            [before, states.slice(axis: 0, 0..<vokens.count - 1)], axis: 0)
        return features.reshaped([1, vokens.count, generation.languageModel.width])
    }

    private mutating func append(_ embeddings: Tensor) throws(RequestError) -> Tensor {
        let states = try generation.forward(embeddings, state)
        let count = states.shape[0]
        last = states.slice(axis: 0, count - 1..<count)
        return states
    }
}

import Tensors

extension StageCheck {
    func languageModel(_ stage: any LanguageModel) throws(StageCheckError) {
        try requirePositive("width", stage.width)
        try requirePositive("vocabularySize", stage.vocabularySize)
        try tokenizer(of: stage)

        let tokenizer = stage.tokenizer
        let tokens = [tokenizer.beginning, tokenizer.vokens.lowerBound, tokenizer.end]
        try require(
            stage.contextLength >= tokens.count, "contextLength",
            "\(stage.contextLength) positions; a turn needs more")
        let rows: Shape = [tokens.count, stage.width]
        let embeddings = try repeatable("embed", rows) { stage.embed(tokens) }
        let hidden = try repeatable("forward", rows) {
            stage.forward(embeddings, state: stage.makeState())
        }
        let logits: Shape = [tokens.count, stage.vocabularySize]
        _ = try repeatable("logits", logits) { stage.logits(hidden) }
        try cache(of: stage, tokens, hidden)
        try company(of: stage, tokens)
    }

    private func tokenizer(of stage: any LanguageModel) throws(StageCheckError) {
        let tokenizer = stage.tokenizer
        let ids = 0..<stage.vocabularySize
        try require(
            ids.contains(tokenizer.unknown) && ids.contains(tokenizer.beginning)
                && ids.contains(tokenizer.end) && ids.contains(tokenizer.imagePlaceholder)
                && !tokenizer.vokens.isEmpty && ids.contains(tokenizer.vokens.lowerBound)
                && ids.contains(tokenizer.vokens.upperBound - 1),
            "tokenizer", "it has ids outside the vocabulary of \(stage.vocabularySize)")
        let words = tokenizer.encode("a red fox")
        try require(
            !words.isEmpty && words.allSatisfy(ids.contains), "tokenizer",
            "the ids of a text are missing or outside the vocabulary")
    }

    /// One position at a time must give what all at once gave, and so must a sequence that was
    /// cut back and continued.
    private func cache(
        of stage: any LanguageModel, _ tokens: [Int], _ hidden: Tensor
    ) throws(StageCheckError) {
        let state = stage.makeState()
        try require(state.count == 0, "makeState", "\(state.count) positions; expected none")
        var rows: [Float] = []
        for (position, token) in tokens.enumerated() {
            rows += stage.forward(stage.embed([token]), state: state).values
            try require(
                state.count == position + 1, "forward one by one",
                "\(state.count) positions; expected \(position + 1)")
        }
        try requireClose(Tensor(hidden.shape, rows), hidden, "forward one by one")

        state.truncate(to: 1)
        try require(
            state.count == 1, "truncate", "\(state.count) positions left; expected 1")
        try pieces(of: stage, state, Array(tokens.dropFirst()))
        let rest = stage.forward(stage.embed(Array(tokens.dropFirst())), state: state)
        let again = Array(rows.prefix(stage.width)) + rest.values
        try requireClose(Tensor(hidden.shape, again), hidden, "forward after truncate")
    }

    /// A sequence that was put together must go on like the one that it was taken from.
    private func pieces(
        of stage: any LanguageModel, _ state: any LanguageModelState, _ tokens: [Int]
    ) throws(StageCheckError) {
        guard let piece = state.piece(0..<state.count) else { return }
        let copy = stage.makeState()
        copy.append(piece)
        try require(
            copy.count == state.count, "append",
            "\(copy.count) positions; expected \(state.count)")
        let (count, embeddings) = (state.count, stage.embed(tokens))
        let own = stage.forward(embeddings, state: state)
        let other = stage.forward(embeddings, state: copy)
        try require(
            other.values == own.values, "append", "a sequence put together goes on otherwise")
        state.truncate(to: count)
    }

    /// Sequences that go on together must get what each gets alone, to the last bit.
    private func company(
        of stage: any LanguageModel, _ tokens: [Int]
    ) throws(StageCheckError) {
        // Of different lengths, all of which go on by one position, but for the last.
        let prompts = (0..<5).map { Array((tokens + tokens).prefix($0 % 3 + 1)) }
        let steps = prompts.indices.map { index in
            index + 1 == prompts.count ? tokens : [tokens[index % tokens.count]]
        }
        let longest = zip(prompts, steps).map { $0.count + $1.count }.max() ?? 0
        guard stage.contextLength >= longest else { return }
        func begun() -> [any LanguageModelState] {
            prompts.map { prompt in
                let state = stage.makeState()
                _ = stage.forward(stage.embed(prompt), state: state)
                return state
            }
        }
        let inputs = steps.map(stage.embed)
        let alone = zip(inputs, begun()).map { stage.forward($0, state: $1) }
        let states = begun()
        let together = stage.forward(inputs, states: states)
        try require(
            together.count == alone.count, "forward together",
            "\(together.count) answers for \(alone.count) sequences")
        for index in alone.indices {
            try requireShape(together[index], alone[index].shape, "forward together")
            try require(
                states[index].count == prompts[index].count + steps[index].count,
                "forward together", "\(states[index].count) positions in sequence \(index)")
            try require(
                together[index].values == alone[index].values, "forward together",
                "sequence \(index) depends on the others")
        }
        let rows = alone.dropLast()
        let logits = stage.logits(
            Tensor([rows.count, stage.width], rows.flatMap(\.values)))
        try require(
            logits.values == rows.flatMap { stage.logits($0).values }, "logits together",
            "a row depends on the others")
    }
}

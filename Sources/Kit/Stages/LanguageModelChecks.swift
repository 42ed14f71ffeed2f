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
        let rest = stage.forward(stage.embed(Array(tokens.dropFirst())), state: state)
        let again = Array(rows.prefix(stage.width)) + rest.values
        try requireClose(Tensor(hidden.shape, again), hidden, "forward after truncate")
    }
}

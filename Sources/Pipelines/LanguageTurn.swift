import Stages
import Tensors
import Tokenizers

/// One answer of the language model, sampled token by token.
///
/// Only `[IMG0]` is ever sampled. When it is, all vokens are fed at once, and the image's features
/// are the states that *predict* them: the one before `[IMG0]`, then those at `[IMG0]` to
/// `[IMG6]`. The next token follows from the state at `[IMG7]`.
///
/// Faithful to the published code, only the first `[IMG0]` of an answer makes an image.
struct LanguageTurn {
    /// What one step brought.
    struct Outcome {
        /// May be empty.
        var text = ""
        /// `[1, vokens, D]`, if there is an image to draw, which comes after `text`.
        var features: Tensor?
        var ending: StopReason?
    }

    private let generation: Generation
    private let sampler: Sampler
    private let stop: StopRule
    private let special: Set<Int>
    private var sequence: LanguageSequence
    private var generator: TorchGenerator
    /// Sampled so far, an image as `[IMG0]`.
    private var tokens: [Int] = []
    private var images = 0
    private var clean: TextStream
    private var verbatim: TextStream
    private var pieces: [StoryHistory.Piece] = []

    /// - Parameter sequence: has taken in all of its prompt.
    init(
        _ generation: Generation, _ sequence: LanguageSequence, generator: TorchGenerator
    ) {
        let tokenizer = generation.languageModel.tokenizer
        self.generation = generation
        self.sequence = sequence
        self.generator = generator
        sampler = Sampler(generation.file.language.sampling)
        stop = StopRule(tokenizer, faithful: generation.file.engine.faithful)
        special = Set(tokenizer.vokens).union([
            tokenizer.unknown, tokenizer.beginning, tokenizer.end, tokenizer.imagePlaceholder,
        ])
        clean = TextStream(.clean, tokenizer)
        verbatim = TextStream(.verbatim, tokenizer)
        // The published code's sequence begins with id 0, which it prints.
        _ = verbatim.append(tokenizer.unknown)
    }

    /// How many tokens were sampled.
    var tokenCount: Int { tokens.count }

    /// The answer as context for the next: clean texts, and images by their numbers.
    var story: [StoryHistory.Piece] { pieces + textPiece }

    /// Samples one token and feeds it.
    mutating func step() throws(RequestError) -> Outcome {
        let token = try sample()
        tokens.append(token)
        var outcome = Outcome()
        if token == firstVoken {
            outcome.text = show(token)
            try emitImage(&outcome)
        } else {
            outcome.text = show(token)
            if stop.isOver(tokens, clean) {
                if isImageOwed { try emitImage(&outcome) }
                outcome.ending = .endOfTurn
            } else if tokens.count < options.maxNewTokens, sequence.room > 0 {
                try sequence.append(token)
            }
        }
        if outcome.ending == nil, tokens.count >= options.maxNewTokens || sequence.room == 0 {
            outcome.ending = .tokenLimit
        }
        if outcome.ending != nil { outcome.text += flush() }
        return outcome
    }

    /// The image that ``step()`` announced is a picture now, with this number.
    mutating func noteImage(_ number: Int) { pieces.append(.image(number)) }

    private var isFaithful: Bool { generation.file.engine.faithful }
    private var options: LanguageOptions { generation.file.language }
    private var firstVoken: Int { generation.languageModel.tokenizer.vokens.lowerBound }

    /// Whether the turn may not end before an image.
    private var isImageOwed: Bool {
        options.forceGeneration && !isFaithful && images == 0
    }

    private mutating func sample() throws(RequestError) -> Int {
        var logits = try generation.logits(sequence.last)
        var seen = Set(tokens)
        if isFaithful {
            seen.insert(generation.languageModel.tokenizer.unknown)
        } else {
            // The other special tokens mean nothing in an answer.
            let end = generation.languageModel.tokenizer.end
            for token in special where token != end && token != firstVoken {
                logits[token] = -.infinity
            }
        }
        var scores = sampler.filtered(logits, seen: seen)
        if isFaithful, options.forceGeneration, images == 0 {
            Sampler.force(firstVoken, in: &scores)
        }
        guard let token = Sampler.draw(scores, &generator) else {
            throw RequestError(
                .stageFailed, "stage language_model left no token to choose; check its weights")
        }
        return token
    }

    /// Feeds the vokens; with too little room for them the turn is over instead.
    private mutating func emitImage(_ outcome: inout Outcome) throws(RequestError) {
        guard sequence.room >= generation.featureMapper.vokens else {
            outcome.ending = .tokenLimit
            return
        }
        let features = try sequence.appendVokens()
        images += 1
        guard images == 1 || !isFaithful else { return }
        outcome.features = features
        outcome.text += isFaithful ? "" : clean.finish()
        pieces += textPiece
        clean = TextStream(.clean, generation.languageModel.tokenizer)
    }

    private var textPiece: [StoryHistory.Piece] {
        let text = Mark.removed(from: clean.text)
        return text.isEmpty ? [] : [.text(text)]
    }

    private mutating func show(_ token: Int) -> String {
        let text = special.contains(token) ? "" : clean.append(token)
        return isFaithful ? verbatim.append(token) : text
    }

    private mutating func flush() -> String { isFaithful ? verbatim.finish() : clean.finish() }
}

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

    /// What the turn waits for.
    private enum Need {
        case logits
        case token(Int)
        /// - Parameter ending: how the turn ends with this image, if it does.
        case vokens(ending: StopReason?)
    }

    private let generation: Generation
    private let sampler: Sampler
    private let stop: StopRule
    private let special: Set<Int>
    private var need = Need.logits
    private(set) var sequence: LanguageSequence
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
        ]).union(tokenizer.marks.compactMap { Self.token($0, tokenizer) })
        clean = TextStream(.clean, tokenizer)
        verbatim = TextStream(.verbatim, tokenizer)
        // The published code's sequence begins with id 0, which it prints.
        _ = verbatim.append(tokenizer.unknown)
    }

    /// The single token that a mark is.
    private static func token(_ mark: String, _ tokenizer: any VokenTokenizer) -> Int? {
        let ids = tokenizer.encode(mark)
        return ids.count == 1 ? ids[0] : nil
    }

    /// How many tokens were sampled.
    var tokenCount: Int { tokens.count }

    /// The answer as context for the next: clean texts, and images by their numbers.
    var story: [StoryHistory.Piece] { pieces + textPiece }

    /// What it needs to go on.
    func work() throws(RequestError) -> StageWork {
        switch need {
        case .logits: sequence.logits
        case .token(let token): try sequence.work(of: token)
        case .vokens: try sequence.workOfVokens()
        }
    }

    /// Takes the answer to its work.
    mutating func take(_ answer: Tensor) throws(RequestError) -> Outcome {
        var outcome = Outcome()
        switch need {
        case .logits:
            try takeLogits(answer.values, &outcome)
        case .token:
            sequence.take(answer)
            need = .logits
            if sequence.room == 0 { outcome.ending = .tokenLimit }
        case .vokens(let ending):
            takeVokens(answer, &outcome)
            need = .logits
            outcome.ending = ending ?? (isAtLimit ? .tokenLimit : nil)
        }
        if outcome.ending != nil { outcome.text += flush() }
        return outcome
    }

    /// Samples one token, and says what to do with it.
    private mutating func takeLogits(
        _ logits: [Float], _ outcome: inout Outcome
    ) throws(RequestError) {
        let token = try sample(logits)
        tokens.append(token)
        outcome.text = show(token)
        let isOver = token != firstVoken && stop.isOver(tokens, clean)
        if token == firstVoken || isOver && isImageOwed {
            // With too little room for the vokens the turn is over instead.
            if sequence.room >= generation.featureMapper.vokens {
                need = .vokens(ending: isOver ? .endOfTurn : nil)
            } else {
                outcome.ending = isOver ? .endOfTurn : .tokenLimit
            }
        } else if isOver {
            outcome.ending = .endOfTurn
        } else if isAtLimit {
            outcome.ending = .tokenLimit
        } else {
            need = .token(token)
        }
    }

    /// No further token may be sampled.
    private var isAtLimit: Bool { tokens.count >= options.maxNewTokens || sequence.room == 0 }

    /// The image that an outcome announced is a picture now, with this number.
    mutating func noteImage(_ number: Int) { pieces.append(.image(number)) }

    private var isFaithful: Bool { generation.file.engine.faithful }
    private var options: LanguageOptions { generation.file.language }
    private var firstVoken: Int { generation.languageModel.tokenizer.vokens.lowerBound }

    /// Whether the turn may not end before an image.
    private var isImageOwed: Bool {
        options.forceGeneration && !isFaithful && images == 0
    }

    private mutating func sample(_ logits: [Float]) throws(RequestError) -> Int {
        var logits = logits
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

    private mutating func takeVokens(_ states: Tensor, _ outcome: inout Outcome) {
        let features = sequence.takeVokens(states)
        images += 1
        guard images == 1 || !isFaithful else { return }
        outcome.features = features
        outcome.text += isFaithful ? "" : clean.finish()
        pieces += textPiece
        clean = TextStream(.clean, generation.languageModel.tokenizer)
    }

    private var textPiece: [StoryHistory.Piece] {
        let text = Mark.removed(
            from: clean.text, generation.languageModel.tokenizer.marks)
        return text.isEmpty ? [] : [.text(text)]
    }

    private mutating func show(_ token: Int) -> String {
        let text = special.contains(token) ? "" : clean.append(token)
        return isFaithful ? verbatim.append(token) : text
    }

    private mutating func flush() -> String { isFaithful ? verbatim.finish() : clean.finish() }
}

import Images
import Stages
import Tensors

/// A request under way: a machine that says what it needs from a stage (the encoding of a picture, a
/// piece of a prompt, a row of logits, a call of the UNet, a decoding) and goes on with the answer.
/// Whoever runs it can do the work of several at once, and can stop between two answers.
struct StoryTask {
    private enum PictureSource {
        case file([UInt8], number: Int)
        case drawn(Picture)
    }

    private enum Phase {
        case beginning
        /// The pictures of a scene's prompt become context.
        case encoding([InputItem])
        case prefilling(LanguageSequence)
        /// The vokens of a scene that illustrates the prompt.
        case illustrating(LanguageSequence)
        case telling(LanguageTurn)
        /// The turn goes on afterwards; a scene that illustrates the prompt has none.
        case drawing(ImageTask, LanguageTurn?, ending: StopReason?)
        case finished
    }

    private let generation: Generation
    private let order: StoryOrder
    private let emit: (StoryEvent) -> Void
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let room: SceneRoom

    private var phase: Phase
    private var history: StoryHistory
    /// The user's, then the generated ones.
    private var pictures: [PictureSource]
    /// As the language model sees them, each `[N, D]`, by their numbers; of those that a prompt has
    /// held.
    private var encodings: [Int: Tensor] = [:]
    private var scene = 0
    private var images = 0
    /// Sampled so far.
    private(set) var tokens = 0

    init(_ order: StoryOrder, emit: @escaping (StoryEvent) -> Void) {
        self.order = order
        self.emit = emit
        generation = order.generation
        room = SceneRoom(order.generation)
        start = clock.now
        phase = .beginning
        pictures = order.images.enumerated().map { .file($1, number: $0 + 1) }
        history = StoryHistory(pictures: order.images.count)
        emit(.started(generation: generation.number, seed: order.seeds.seed))
    }

    /// What has been done so far.
    var summary: StorySummary {
        StorySummary(
            scenes: scene, images: images, tokens: tokens,
            milliseconds: (clock.now - start).nanoseconds / 1_000_000)
    }

    /// What it needs to go on, after events that need no stage; `nil` once it is finished.
    mutating func work() throws(RequestError) -> StageWork? {
        while true {
            switch phase {
            case .beginning:
                try beginScene()
            case .encoding(let input):
                if let work = try encoding(of: input) { return work }
                phase = .prefilling(
                    try LanguageSequence(generation, input, pictures: encodings))
            case .prefilling(let sequence):
                guard sequence.isReady else { return sequence.nextPiece() }
                answer(sequence)
            case .illustrating(let sequence):
                return try sequence.workOfVokens()
            case .telling(let turn):
                return try turn.work()
            case .drawing(let image, _, _):
                return try image.work()
            case .finished:
                return nil
            }
        }
    }

    /// Takes the answer to its work and emits what it brought.
    mutating func take(_ result: Tensor) throws(RequestError) {
        switch phase {
        case .encoding(let input):
            if let number = missing(in: input) {
                encodings[number] = result.reshaped([result.shape[1], result.shape[2]])
            }
        case .prefilling(var sequence):
            sequence.take(result)
            phase = .prefilling(sequence)
        case .illustrating(var sequence):
            let features = sequence.takeVokens(result)
            phase = .drawing(try beginImage(features), nil, ending: .illustrated)
        case .telling(let turn):
            try tell(turn, result)
        case .drawing(let image, let turn, let ending):
            try draw(image, turn, ending, result)
        case .beginning, .finished:
            preconditionFailure("no work was asked for")
        }
    }

    private mutating func beginScene() throws(RequestError) {
        scene += 1
        emit(.sceneBegan(index: scene, of: order.scenes))
        let input: [InputItem]?
        if scene == 1 {
            emit(.text(order.prompt))
            input = room.illustration(of: order.prompt, after: history)
        } else {
            room.fit(&history)
            input = room.next(after: history)
        }
        guard let input else { return endScene([.text(order.prompt)], .given) }
        phase = .encoding(input)
    }

    /// The first picture of a prompt that the language model has not seen yet.
    private func missing(in input: [InputItem]) -> Int? {
        for case .image(let number) in input where encodings[number] == nil { return number }
        return nil
    }

    private func encoding(of input: [InputItem]) throws(RequestError) -> StageWork? {
        guard let number = missing(in: input) else { return nil }
        let picture: Picture
        switch pictures[number] {
        case .file(let bytes, let number):
            picture = try Picture(file: bytes, number: number, generation.file.limits)
        case .drawn(let drawn): picture = drawn
        }
        return .encode(picture.encoderInput(side: generation.imageEncoder.imageSize))
    }

    /// The prompt was taken in.
    private mutating func answer(_ sequence: LanguageSequence) {
        if scene == 1 {
            phase = .illustrating(sequence)
        } else {
            let generator = TorchGenerator(seed: order.seeds.text(scene: scene))
            phase = .telling(LanguageTurn(generation, sequence, generator: generator))
        }
    }

    private mutating func tell(
        _ turn: LanguageTurn, _ result: Tensor
    ) throws(RequestError) {
        var turn = turn
        let before = turn.tokenCount
        let outcome = try turn.take(result)
        tokens += turn.tokenCount - before
        if !outcome.text.isEmpty { emit(.text(outcome.text)) }
        if let features = outcome.features {
            phase = .drawing(try beginImage(features), turn, ending: outcome.ending)
        } else if let ending = outcome.ending {
            endScene(turn.story, ending)
        } else {
            phase = .telling(turn)
        }
    }

    private mutating func beginImage(_ features: Tensor) throws(RequestError) -> ImageTask {
        images += 1
        return try ImageTask(
            generation, features: features, scheduler: order.scheduler,
            steps: order.steps, guidance: order.guidance, seed: order.seeds.image(images))
    }

    private mutating func draw(
        _ image: ImageTask, _ turn: LanguageTurn?, _ ending: StopReason?, _ result: Tensor
    ) throws(RequestError) {
        var image = image
        switch try image.take(result) {
        case nil:
            break
        case .began:
            emit(.imageBegan(imageStart(calls: image.calls)))
        case .called(let count):
            emit(.step(image: images, step: count, of: image.calls))
        case .decoded(let pixels):
            return try finishImage(pixels, turn, ending)
        }
        phase = .drawing(image, turn, ending: ending)
    }

    private mutating func finishImage(
        _ pixels: Tensor, _ turn: LanguageTurn?, _ ending: StopReason?
    ) throws(RequestError) {
        let picture = Picture(decoded: pixels)
        let recipe = Recipe(order, image: images)
        emit(.imageFinished(picture.finished(index: images, recipe: recipe.entries)))
        // The model will see what was delivered: the picture as its file has it.
        let number = pictures.count
        pictures.append(.drawn(picture))
        guard var turn else {
            return endScene([.text(order.prompt), .image(number)], .illustrated)
        }
        turn.noteImage(number)
        if let ending { endScene(turn.story, ending) } else { phase = .telling(turn) }
    }

    private mutating func endScene(_ story: [StoryHistory.Piece], _ reason: StopReason) {
        history.append(story)
        emit(.sceneEnded(index: scene, reason: reason))
        guard scene == order.scenes else {
            phase = .beginning
            return
        }
        phase = .finished
    }

    private func imageStart(calls: Int) -> ImageStart {
        ImageStart(
            index: images, width: generation.pictureSide, height: generation.pictureSide,
            calls: calls, seed: order.seeds.image(images), scheduler: order.schedulerName)
    }
}

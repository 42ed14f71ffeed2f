import Images
import Stages
import Tensors

/// A request under way: a machine that does one step at a time (the encoding of a picture, a chunk
/// of prefill, a token, a call of the UNet, a decoding), so that an engine can cancel it between
/// steps.
struct StoryTask {
    private enum PictureSource {
        case file([UInt8], number: Int)
        case drawn(Picture)
    }

    private enum Phase {
        /// Pictures become context, then a scene begins.
        case encoding
        case prefilling(LanguageSequence)
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
    /// The first of `pictures` as the language model sees them, each `[N, D]`.
    private var encodings: [Tensor] = []
    private var scene = 0
    private var images = 0
    private var tokens = 0

    init(_ order: StoryOrder, emit: @escaping (StoryEvent) -> Void) {
        self.order = order
        self.emit = emit
        generation = order.generation
        room = SceneRoom(order.generation)
        start = clock.now
        phase = .encoding
        pictures = order.images.enumerated().map { .file($1, number: $0 + 1) }
        history = StoryHistory(pictures: order.images.count)
        emit(.started(generation: generation.number, seed: order.seeds.seed))
    }

    var isFinished: Bool { if case .finished = phase { true } else { false } }

    /// What has been done so far.
    var summary: StorySummary {
        let (seconds, attoseconds) = (clock.now - start).components
        return StorySummary(
            scenes: scene, images: images, tokens: tokens,
            milliseconds: Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }

    /// Does one step and emits what it brought; not to be called once finished.
    mutating func step() throws(RequestError) {
        switch phase {
        case .encoding: try encode()
        case .prefilling(let sequence): try prefill(sequence)
        case .telling(let turn): try tell(turn)
        case .drawing(let image, let turn, let ending): try draw(image, turn, ending)
        case .finished: preconditionFailure("a finished story has no next step")
        }
    }

    private mutating func encode() throws(RequestError) {
        guard encodings.count < pictures.count else { return try beginScene() }
        let picture: Picture
        switch pictures[encodings.count] {
        case .file(let bytes, let number):
            picture = try Picture(file: bytes, number: number, order.generation.file.limits)
        case .drawn(let drawn): picture = drawn
        }
        let pixels = picture.encoderInput(side: generation.imageEncoder.imageSize)
        encodings.append(try generation.encode(pixels))
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
        phase = .prefilling(try LanguageSequence(generation, input, pictures: encodings))
    }

    private mutating func prefill(_ sequence: LanguageSequence) throws(RequestError) {
        var sequence = sequence
        guard sequence.isReady else {
            try sequence.prefill()
            phase = .prefilling(sequence)
            return
        }
        if scene == 1 {
            phase = .drawing(try beginImage(sequence.appendVokens()), nil, ending: .illustrated)
        } else {
            let generator = TorchGenerator(seed: order.seeds.text(scene: scene))
            phase = .telling(LanguageTurn(generation, sequence, generator: generator))
        }
    }

    private mutating func tell(_ turn: LanguageTurn) throws(RequestError) {
        var turn = turn
        let outcome = try turn.step()
        tokens += 1
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
        _ image: ImageTask, _ turn: LanguageTurn?, _ ending: StopReason?
    ) throws(RequestError) {
        var image = image
        switch try image.step() {
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
            phase = .encoding
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

import Images
import Stages
import Tensors

/// A request under way: a machine that says what it needs from a stage (the encoding of a picture, a
/// piece of a prompt, a row of logits, a call of the UNet, a decoding) and goes on with the answer.
/// Whoever runs it can do the work of several at once, and can stop between two answers.
struct StoryTask {
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
    let order: StoryOrder
    private let emit: (StoryEvent) -> Void
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let room: SceneRoom
    private let prompts: PromptCache

    private var phase = Phase.beginning
    private var question = SceneRoom.Question.next
    /// Told once the scene's pictures are seen: a request with one that is none has told nothing.
    private var announcements: [StoryEvent] = []
    /// What the scene illustrates or answers.
    private var text = ""
    private(set) var context: StoryContext
    private var scene: Int
    private var images: Int
    /// Sampled so far.
    private(set) var tokens = 0
    /// Positions of prompts that needed not be taken in.
    private(set) var reusedPositions = 0
    /// What the model has told and drawn in the last scene, and why it stopped.
    private(set) var answer: [StoryHistory.Piece] = []
    private(set) var reason = StopReason.given
    /// Of a session's turn.
    private(set) var drawn: [StoryImage] = []

    /// - Parameter prompts: shared with other requests.
    init(
        _ order: StoryOrder, _ prompts: PromptCache = PromptCache(),
        emit: @escaping (StoryEvent) -> Void
    ) {
        self.prompts = prompts
        self.order = order
        self.emit = emit
        generation = order.generation
        room = SceneRoom(order.generation)
        start = clock.now
        context = order.context
        context.memory.adapt(to: generation)
        scene = context.scenes
        images = context.images
        emit(.started(generation: generation.number, seed: order.seeds.seed))
    }

    /// What has been done so far.
    var summary: StorySummary {
        StorySummary(
            scenes: scene - order.context.scenes, images: images - order.context.images,
            tokens: tokens,
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
                announce()
                let sequence = try LanguageSequence(generation, input, context.memory, prompts)
                reusedPositions += sequence.reused
                phase = .prefilling(sequence)
            case .prefilling(let sequence):
                guard sequence.isReady else { return sequence.nextPiece() }
                begin(sequence)
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
                context.memory.keep(
                    result.reshaped([result.shape[1], result.shape[2]]), of: number)
            }
        case .prefilling(var sequence):
            sequence.take(result)
            context.memory.prefix = sequence.prefix
            if sequence.isReady { sequence.share(prompts) }
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

    /// The first scene is about what the user says, if that is anything; all others are told by the
    /// model.
    private mutating func beginScene() throws(RequestError) {
        let isFirst = scene == order.context.scenes
        text = isFirst ? order.prompt : ""
        scene += 1
        answer = []
        announcements = [.sceneBegan(index: scene, of: order.scenes)]
        let own = isFirst ? noteTurn() : 0
        question = .next
        if !text.isEmpty, task != .dialogue {
            announcements.append(.text(text))
            question = .illustration(text)
        } else if isFirst, task == .dialogue, order.turn == nil {
            announcements.append(.text(text))
            announce()
            answer = [.text(text)]
            return endScene(.given)
        }
        room.fit(&context.history, for: question, keeping: own)
        guard let input = room.input(question, after: context.history) else {
            preconditionFailure("\(task) does not know this question")
        }
        phase = .encoding(input)
    }

    private mutating func announce() {
        for event in announcements { emit(event) }
        announcements = []
    }

    /// Notes what a session's user has said and shown, ahead of the answer.
    /// - Returns: how much of the history that is; nothing of it is forgotten in this turn.
    private mutating func noteTurn() -> Int {
        guard let pictures = order.turn else { return 0 }
        let before = context.history.count
        let isFirst = scene == 1
        context.history.append(user: text, shown: isFirst ? [] : pictures, task)
        return context.history.count - before + (isFirst ? pictures.count : 0)
    }

    private var task: PromptTask { generation.file.language.task }

    /// The first picture of a prompt that the language model has not seen yet.
    private func missing(in input: [InputItem]) -> Int? {
        for case .image(let number) in input where context.memory.encodings[number] == nil {
            return number
        }
        return nil
    }

    private func encoding(of input: [InputItem]) throws(RequestError) -> StageWork? {
        guard let number = missing(in: input) else { return nil }
        let picture: Picture
        switch context.pictures[number] {
        case .file(let bytes, let number, let limits):
            picture = try Picture(file: bytes, number: number, limits)
        case .drawn(let drawn): picture = drawn
        }
        return .encode(picture.encoderInput(side: generation.imageEncoder.imageSize))
    }

    /// The prompt was taken in.
    private mutating func begin(_ sequence: LanguageSequence) {
        guard question == .next else {
            phase = .illustrating(sequence)
            return
        }
        let generator = TorchGenerator(seed: order.seeds.text(scene: scene))
        phase = .telling(LanguageTurn(generation, sequence, generator: generator))
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
            answer = turn.story
            endScene(ending)
        } else {
            phase = .telling(turn)
        }
    }

    private mutating func beginImage(_ features: Tensor) throws(RequestError) -> ImageTask {
        images += 1
        return try ImageTask(
            generation, features: features, order.drawing, seed: order.seeds.image(images))
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
        let recipe = Recipe(order, scene: scene, image: images)
        let image = picture.finished(index: images, recipe: recipe.entries)
        emit(.imageFinished(image))
        if order.turn != nil { drawn.append(image) }
        // The model will see what was delivered: the picture as its file has it.
        let number = context.pictures.count
        context.pictures.append(.drawn(picture))
        guard var turn else {
            answer = [.image(number)]
            return endScene(.illustrated)
        }
        turn.noteImage(number)
        guard let ending else {
            phase = .telling(turn)
            return
        }
        answer = turn.story
        endScene(ending)
    }

    private mutating func endScene(_ reason: StopReason) {
        context.history.append(answer: answer, to: text, task)
        self.reason = reason
        emit(.sceneEnded(index: scene, reason: reason))
        phase = scene == order.scenes ? .finished : .beginning
    }

    private func imageStart(calls: Int) -> ImageStart {
        ImageStart(
            index: images, width: generation.pictureSide, height: generation.pictureSide,
            calls: calls, seed: order.seeds.image(images), scheduler: order.drawing.scheduler.name)
    }
}

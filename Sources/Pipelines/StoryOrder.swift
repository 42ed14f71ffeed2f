import Checkpoints
import Stages

/// A request that was checked, with the generation it was admitted with and all defaults filled
/// in.
///
/// Pictures are only weighed here, on the caller's thread: decoding them is a step of the engine.
struct StoryOrder: Sendable {
    let generation: Generation
    /// What the user says; empty in a session where the story is to go on.
    let prompt: String
    /// Where it begins.
    let context: StoryContext
    /// Scenes in all, those included that were told before.
    let scenes: Int
    let drawing: Drawing
    let seeds: Seeds
    /// For the recipe.
    let sources: Sources
    /// Of a session: pictures that this turn brings, by their numbers; `nil` for a whole story.
    let turn: [Int]?
    /// The same pictures.
    let shown: [SessionPicture]

    /// What a user has said and shown, by the sums of texts and files.
    struct Sources: Sendable {
        /// With the first scene; no text where the story began by itself.
        var text: String?
        var pictures: [String] = []
        /// With later ones of a session, a line for each.
        var later: [String] = []

        mutating func add(scene: Int, _ text: String, _ shown: [String]) {
            let sum = text.isEmpty ? nil : SHA256.hash(Array(text.utf8))
            if scene == 1 {
                (self.text, pictures) = (sum, shown)
            } else {
                later += ([sum].compactMap(\.self) + shown).map { "\(scene) \($0)" }
            }
        }
    }

    init(_ request: StoryRequest, _ generation: Generation) throws(RequestError) {
        let (defaults, limits) = (generation.file.defaults, generation.file.limits)
        self.generation = generation
        prompt = try Self.prompt(request.prompt, generation)
        let images = try Self.images(request.images, limits)
        context = StoryContext(shown: images, limits)
        scenes = try Self.scenes(request, generation)
        let settings = SessionSettings(
            steps: request.steps, guidance: request.guidance,
            guidanceRescale: request.guidanceRescale, scheduler: request.scheduler,
            schedulerOptions: request.schedulerOptions, shortcuts: request.shortcuts)
        drawing = try Drawing(settings, generation)
        seeds = Seeds(seed: request.seed ?? defaults.seed ?? Seeds.random())
        var sources = Sources()
        sources.add(scene: 1, prompt, images.map { SHA256.hash($0) })
        self.sources = sources
        turn = nil
        shown = []
        try SceneRoom(generation).checkFirst(of: prompt, pictures: images.count)
    }

    /// The next turn of a session.
    init(
        _ request: TurnRequest, of content: SessionContent, memory: ContextMemory,
        _ generation: Generation
    ) throws(RequestError) {
        let (file, limits) = (generation.file, generation.file.limits)
        let task = file.language.task
        self.generation = generation
        prompt = try Self.words(request.text, task, generation)
        let images = try Self.images(request.images, limits)
        guard task != .caption || images.isEmpty else { throw Self.captionsOnly(file) }
        var before = StoryContext(content, task, limits, memory: memory)
        before.memory.adapt(to: generation)
        let settings = request.settings.over(content.settings)
        drawing = try Drawing(settings, generation)
        seeds = Seeds(seed: settings.seed ?? file.defaults.seed ?? Seeds.random())
        let first = before.pictures.count
        before.show(images, limits)
        if content.turns.isEmpty {
            before.history = StoryHistory(pictures: images.count)
        }
        context = before
        scenes = content.turns.count + 1
        turn = Array(first..<first + images.count)
        shown = images.map(SessionPicture.init(file:))
        var sources = Sources()
        for (index, turn) in content.turns.enumerated() {
            let pictures = turn.shown.map { content.pictures[$0 - 1].sha256 }
            sources.add(scene: index + 1, turn.text, pictures)
        }
        sources.add(scene: scenes, prompt, shown.map(\.sha256))
        self.sources = sources
        try SceneRoom(generation).checkFirst(of: prompt, pictures: images.count)
    }

    /// A model of captions tells nothing and looks at nothing.
    private static func scenes(
        _ request: StoryRequest, _ generation: Generation
    ) throws(RequestError) -> Int {
        let (defaults, limits) = (generation.file.defaults, generation.file.limits)
        guard generation.file.language.task == .caption else {
            return try RequestError.check(
                request.scenes ?? defaults.scenes, 1...limits.scenes, "scenes")
        }
        guard request.scenes ?? 1 == 1, request.images.isEmpty else {
            throw captionsOnly(generation.file)
        }
        return 1
    }

    private static func captionsOnly(_ file: PipelineFile) -> RequestError {
        RequestError(
            .invalid,
            "pipeline \(file.name) draws captions only (its language.task); "
                + "ask for one scene, and send no pictures")
    }

    /// What a user says in a turn: nothing, where a story goes on by itself.
    private static func words(
        _ text: String, _ task: PromptTask, _ generation: Generation
    ) throws(RequestError) -> String {
        guard text.allSatisfy(\.isWhitespace) else { return try prompt(text, generation) }
        guard task == .story else {
            throw RequestError(
                .invalid,
                "the text is empty; only a story goes on by itself, and this pipeline's "
                    + "language.task is \(task.rawValue)")
        }
        return ""
    }

    static func prompt(
        _ prompt: String, _ generation: Generation
    ) throws(RequestError) -> String {
        let limits = generation.file.limits
        guard prompt.utf8.count <= limits.promptBytes else {
            throw RequestError(
                .tooLong,
                "the prompt has \(prompt.utf8.count) bytes; the limit is \(limits.promptBytes)")
        }
        guard prompt.contains(where: { !$0.isWhitespace }) else {
            throw RequestError(.invalid, "the prompt is empty; give the story's first sentence")
        }
        if let mark = Mark.first(in: prompt, generation.languageModel.tokenizer.marks) {
            throw RequestError(
                .invalid,
                "the prompt contains \(mark), which means something to the model; "
                    + "write it differently")
        }
        let task = generation.file.language.task
        guard generation.languageModel.hasVokens || task == .dialogue else {
            throw RequestError(
                .invalid,
                "the language model of pipeline \(generation.file.name) tells text alone, and its "
                    + "language.task, \(task.rawValue), asks for a picture of the prompt: set it "
                    + "to dialogue")
        }
        return prompt
    }

    private static func images(
        _ images: [[UInt8]], _ limits: RequestLimits
    ) throws(RequestError) -> [[UInt8]] {
        guard images.count <= limits.images else {
            throw RequestError(
                .invalid, "\(images.count) pictures were sent; the limit is \(limits.images)")
        }
        for (index, file) in images.enumerated() {
            guard file.count <= limits.imageBytes else {
                throw RequestError(
                    .badImage,
                    "picture \(index + 1) has \(file.count) bytes; "
                        + "the limit is \(limits.imageBytes)")
            }
        }
        return images
    }
}

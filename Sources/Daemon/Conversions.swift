internal import Pipelines
internal import Wire

// Between the messages of the wire and the values of the engine, which know nothing of each other.

extension StoryRequest {
    /// - Throws: if the scheduler's options are not such.
    init(_ request: GenerateRequest) throws(RequestError) {
        self.init(
            prompt: request.prompt, scenes: request.scenes, images: request.images,
            steps: request.steps, seed: request.seed, guidance: request.guidance,
            guidanceRescale: request.guidanceRescale,
            scheduler: request.scheduler,
            schedulerOptions: try options(request.schedulerOptions),
            shortcuts: ShortcutSettings(request.shortcuts))
    }
}

extension Event.Kind {
    /// A PNG file over this many bytes is sent in parts: with its recipe it must fit a frame.
    static let wholeImageLimit = 7 << 19  // 3.5 MiB
    private static let partCount = 1 << 20

    /// The events of the wire that say what one of the engine says.
    static func kinds(_ event: StoryEvent) -> [Event.Kind] {
        switch event {
        case .accepted(_, let ahead): [.accepted(ahead: ahead)]
        case .started(_, let seed): [.started(seed: seed)]
        case .sceneBegan(let index, let total): [.sceneBegan(index: index, total: total)]
        case .text(let text): [.text(text)]
        case .imageBegan(let image):
            [
                .imageBegan(
                    Event.ImageBegin(
                        index: image.index, width: image.width, height: image.height,
                        calls: image.calls, seed: image.seed, scheduler: image.scheduler))
            ]
        case .step(let image, let step, let total):
            [.step(image: image, step: step, total: total)]
        case .imageFinished(let image): kinds(image)
        case .sceneEnded(let index, let reason):
            [.sceneEnded(index: index, reason: reason.rawValue)]
        case .finished(let summary):
            [
                .finished(
                    Event.Finished(
                        scenes: summary.scenes, images: summary.images, tokens: summary.tokens,
                        milliseconds: summary.milliseconds))
            ]
        case .failed(let error): [.failed(Event.Failed(error))]
        }
    }

    private static func kinds(_ image: StoryImage) -> [Event.Kind] {
        var kinds: [Event.Kind] = []
        var rest = image.png[...]
        if rest.count > wholeImageLimit {
            while rest.count > partCount {
                kinds.append(.imageChunk(index: image.index, data: Array(rest.prefix(partCount))))
                rest = rest.dropFirst(partCount)
            }
        }
        kinds.append(
            .imageDone(
                Event.ImageDone(
                    index: image.index, width: image.width, height: image.height,
                    png: Array(rest), sha256: image.sha256,
                    recipe: image.recipe.map {
                        Event.RecipeEntry(key: $0.key, value: $0.value)
                    })))
        return kinds
    }
}

extension Event.Failed {
    init(_ error: RequestError) {
        self.init(code: error.code.rawValue, message: error.message, hint: error.code.hint)
    }
}

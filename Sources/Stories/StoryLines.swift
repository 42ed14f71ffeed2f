import FoundationEssentials
public import Pipelines

/// A story for programs: each event as one JSON object on a line of its own.
public struct StoryLines: Sendable {
    private var sequence = 0

    public init() {}

    /// The next line, without its end.
    /// - Parameter file: where the event's picture was written; pictures are named, not inlined.
    public mutating func line(_ event: StoryEvent, file: String? = nil) -> String {
        sequence += 1
        var line = Line(seq: sequence)
        switch event {
        case .accepted(let job, let ahead):
            line.type = "accepted"
            line.job = job
            line.ahead = ahead
        case .started(let generation, let seed):
            line.type = "started"
            line.generation = generation
            line.seed = seed
        case .sceneBegan(let index, let total):
            line.type = "scene_began"
            line.index = index
            line.of = total
        case .text(let text):
            line.type = "text"
            line.text = text
        case .imageBegan(let start):
            line.type = "image_began"
            line.index = start.index
            line.width = start.width
            line.height = start.height
            line.of = start.calls
            line.seed = start.seed
            line.scheduler = start.scheduler
        case .step(let image, let step, let total):
            line.type = "step"
            line.index = image
            line.step = step
            line.of = total
        case .imageFinished(let image):
            line.type = "image_done"
            line.index = image.index
            line.width = image.width
            line.height = image.height
            line.path = file
            line.sha256 = image.sha256
            line.recipe = Dictionary(
                image.recipe.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        case .sceneEnded(let index, let reason):
            line.type = "scene_ended"
            line.index = index
            line.reason = reason.rawValue
        case .finished(let summary):
            line.type = "finished"
            line.scenes = summary.scenes
            line.images = summary.images
            line.tokens = summary.tokens
            line.ms = summary.milliseconds
        case .failed(let error):
            line.type = "failed"
            line.code = error.code.rawValue
            line.message = error.message
        }
        return json(line)
    }
}

/// A value as JSON on one line, keys sorted.
public func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
}

private struct Line: Encodable {
    var type = ""
    let seq: Int
    var job, text, scheduler, path, sha256, reason, code, message: String?
    var ahead, generation, index, of, step, width, height, scenes, images, tokens, ms: Int?
    var seed: UInt64?
    var recipe: [String: String]?

    init(seq: Int) { self.seq = seq }
}

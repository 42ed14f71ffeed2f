import Checkpoints
import Stages

/// A request that was checked, with the generation it was admitted with and all defaults filled
/// in.
///
/// Pictures are only weighed here, on the caller's thread: decoding them is a step of the engine.
struct StoryOrder: Sendable {
    let generation: Generation
    let prompt: String
    let images: [[UInt8]]
    let scenes: Int
    let steps: Int
    let guidance: Double
    let seeds: Seeds
    let schedulerName: String
    let scheduler: SchedulerChoice

    init(_ request: StoryRequest, _ generation: Generation) throws(RequestError) {
        let (defaults, limits) = (generation.file.defaults, generation.file.limits)
        self.generation = generation
        prompt = try Self.prompt(request.prompt, limits)
        images = try Self.images(request.images, limits)
        scenes = try Self.scenes(request, generation)
        steps = try Self.check(request.steps ?? defaults.steps, 1...limits.steps, "steps")
        guidance = try Self.check(
            request.guidance ?? defaults.guidance, RequestLimits.guidance, "guidance")
        seeds = Seeds(seed: request.seed ?? defaults.seed ?? Seeds.random())
        scheduler = try Self.scheduler(request, steps: steps, generation)
        schedulerName = request.scheduler ?? scheduler.name

        try SceneRoom(generation).checkFirst(
            of: prompt, after: StoryHistory(pictures: images.count))
    }

    /// A model of captions tells nothing and looks at nothing.
    private static func scenes(
        _ request: StoryRequest, _ generation: Generation
    ) throws(RequestError) -> Int {
        let (defaults, limits) = (generation.file.defaults, generation.file.limits)
        guard generation.file.language.task == .caption else {
            return try check(request.scenes ?? defaults.scenes, 1...limits.scenes, "scenes")
        }
        guard request.scenes ?? 1 == 1, request.images.isEmpty else {
            throw RequestError(
                .invalid,
                "pipeline \(generation.file.name) draws captions only (its language.task); "
                    + "ask for one scene, and send no pictures")
        }
        return 1
    }

    private static func prompt(
        _ prompt: String, _ limits: RequestLimits
    ) throws(RequestError) -> String {
        guard prompt.utf8.count <= limits.promptBytes else {
            throw RequestError(
                .tooLong,
                "the prompt has \(prompt.utf8.count) bytes; the limit is \(limits.promptBytes)")
        }
        guard prompt.contains(where: { !$0.isWhitespace }) else {
            throw RequestError(.invalid, "the prompt is empty; give the story's first sentence")
        }
        if let mark = Mark.first(in: prompt) {
            throw RequestError(
                .invalid,
                "the prompt contains \(mark), which means something to the model; "
                    + "write it differently")
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

    private static func scheduler(
        _ request: StoryRequest, steps: Int, _ generation: Generation
    ) throws(RequestError) -> SchedulerChoice {
        let choice = try generation.scheduler(
            request.scheduler, options: request.schedulerOptions)
        do {
            _ = try choice.scheduler.trajectory(steps: steps)
        } catch {
            throw RequestError(
                .invalid, "scheduler \(choice.name) cannot take \(steps) steps: \(error)")
        }
        return choice
    }

    private static func check<Number: Comparable>(
        _ value: Number, _ range: ClosedRange<Number>, _ name: String
    ) throws(RequestError) -> Number {
        guard range.contains(value) else {
            throw RequestError(
                .invalid,
                "\(name) is \(value); it must be in \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }
}

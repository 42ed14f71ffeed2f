/// How far a job is.
public struct JobProgress: Sendable, Equatable {
    /// From 1; 0 before the first.
    public var scene = 0
    /// That it will have.
    public var scenes = 0
    /// Sampled, over the whole job.
    public var tokens = 0
    /// The picture that is being made, or was made last; from 1, 0 before the first.
    public var image = 0
    /// Calls of the UNet done for it, of `steps`.
    public var step = 0
    public var steps = 0

    public init() {}

    /// - Returns: where the job is after an event, for people; `nil` where it was before.
    mutating func note(_ event: StoryEvent) -> String? {
        switch event {
        case .started:
            return "its beginning"
        case .sceneBegan(let index, let count):
            (scene, scenes) = (index, count)
            return "scene \(scene) of \(scenes)"
        case .imageBegan(let start):
            (image, step, steps) = (start.index, 0, start.calls)
            return "image \(image), step 0 of \(steps)"
        case .step(_, let done, _):
            step = done
            return "image \(image), step \(step) of \(steps)"
        case .imageFinished:
            return "scene \(scene) of \(scenes)"
        case .accepted, .text, .sceneEnded, .finished, .failed:
            return nil
        }
    }
}

import Pipelines
import Wire

extension StoryEvent {
    /// `nil` for an event of a newer daemon.
    init?(_ event: Event) {
        switch event.kind {
        case .accepted(let ahead): self = .accepted(job: event.job, ahead: ahead)
        case .started(let seed): self = .started(generation: event.generation, seed: seed)
        case .sceneBegan(let index, let total): self = .sceneBegan(index: index, of: total)
        case .text(let text): self = .text(text)
        case .imageBegan(let image):
            self = .imageBegan(
                ImageStart(
                    index: image.index, width: image.width, height: image.height,
                    calls: image.calls, seed: image.seed, scheduler: image.scheduler))
        case .step(let image, let step, let total):
            self = .step(image: image, step: step, of: total)
        case .imageDone(let image):
            self = .imageFinished(
                StoryImage(
                    index: image.index, width: image.width, height: image.height, png: image.png,
                    sha256: image.sha256,
                    recipe: image.recipe.map { RecipeEntry(key: $0.key, value: $0.value) }))
        case .sceneEnded(let index, let reason):
            guard let reason = StopReason(rawValue: reason) else { return nil }
            self = .sceneEnded(index: index, reason: reason)
        case .finished(let summary):
            self = .finished(
                StorySummary(
                    scenes: summary.scenes, images: summary.images, tokens: summary.tokens,
                    milliseconds: summary.milliseconds))
        case .failed(let failed):
            let code = RequestError.Code(rawValue: failed.code) ?? .stageFailed
            self = .failed(RequestError(code, failed.message))
        case .imageChunk, .unknown: return nil
        }
    }
}

import Synchronization

/// A request that was accepted. Its events go to the closure that was given with it.
public final class Job: Sendable {
    /// Different for each job of an engine.
    public let id: String
    /// The number of the generation that it was admitted with.
    public let generation: Int
    private let order: Mutex<StoryOrder?>
    private let events: @Sendable (StoryEvent) -> Void
    private let place = Mutex("waiting")
    private let cancelled = Atomic(false)
    /// Tells the engine, for a job that still waits in its queue.
    private let whenCancelled: @Sendable (Job) -> Void

    init(
        id: String, order: StoryOrder, events: @escaping @Sendable (StoryEvent) -> Void,
        whenCancelled: @escaping @Sendable (Job) -> Void
    ) {
        self.id = id
        generation = order.generation.number
        self.order = Mutex(order)
        self.events = events
        self.whenCancelled = whenCancelled
    }

    /// Ends the job with the error `cancelled`: at once if it waits, after the current step if it
    /// runs. Does nothing to a job that has ended.
    public func cancel() {
        cancelled.store(true, ordering: .relaxed)
        whenCancelled(self)
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// The job's order, once: whoever keeps a job that has ended does not keep its generation.
    func takeOrder() -> StoryOrder? {
        order.withLock { order in
            defer { order = nil }
            return order
        }
    }

    func emit(_ event: StoryEvent) {
        if let position = event.position { place.withLock { $0 = position } }
        events(event)
    }

    /// Where it is, for people.
    var position: String { place.withLock { $0 } }
}

extension StoryEvent {
    /// Where a job is after this event; `nil` where it was before.
    fileprivate var position: String? {
        switch self {
        case .started: "started"
        case .sceneBegan(let index, let count): "scene \(index) of \(count)"
        case .imageBegan(let image): "image \(image.index), step 0 of \(image.calls)"
        case .step(let image, let step, let count): "image \(image), step \(step) of \(count)"
        case .accepted, .text, .imageFinished, .sceneEnded, .finished, .failed: nil
        }
    }
}

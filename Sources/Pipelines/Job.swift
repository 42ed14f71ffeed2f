import Synchronization

/// A request that was accepted. Its events go to the closure that was given with it.
public final class Job: Sendable {
    /// Different for each job of an engine.
    public let id: String
    let order: StoryOrder
    let emit: @Sendable (StoryEvent) -> Void
    private let cancelled = Atomic(false)
    /// Tells the engine, for a job that still waits in its queue.
    private let whenCancelled: @Sendable (Job) -> Void

    init(
        id: String, order: StoryOrder, emit: @escaping @Sendable (StoryEvent) -> Void,
        whenCancelled: @escaping @Sendable (Job) -> Void
    ) {
        self.id = id
        self.order = order
        self.emit = emit
        self.whenCancelled = whenCancelled
    }

    /// Ends the job with the error `cancelled`: at once if it waits, after the current step if it
    /// runs. Does nothing to a job that has ended.
    public func cancel() {
        cancelled.store(true, ordering: .relaxed)
        whenCancelled(self)
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}

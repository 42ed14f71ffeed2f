import Synchronization

/// A request that was accepted. Its events go to the closure that was given with it.
public final class Job: Sendable {
    /// Different for each job of an engine.
    public let id: String
    public let user: UInt32
    public let priority: Int
    /// The number of the generation that it was admitted with.
    public let generation: Int
    /// The session that it is a turn of.
    public var session: String? { lease?.key.name }
    let ticket: JobQueue.Ticket
    let lease: SessionLease?
    let deadline: ContinuousClock.Instant?
    private let order: Mutex<StoryOrder?>
    private let events: @Sendable (StoryEvent) -> Void
    private let place = Mutex(Place())
    private let cancelled = Atomic(false)
    /// Rings at the deadline, while the job waits.
    private let alarm = Mutex<Alarm?>(nil)
    /// Tells the engine, for a job that still waits in its queue.
    private let whenCancelled: @Sendable (Job) -> Void

    private struct Place {
        var progress = JobProgress()
        var position: String?
        var reusedPositions = 0
    }

    init(
        id: String, ticket: JobQueue.Ticket, lease: SessionLease?, order: StoryOrder,
        deadline: ContinuousClock.Instant?, events: @escaping @Sendable (StoryEvent) -> Void,
        whenCancelled: @escaping @Sendable (Job) -> Void
    ) {
        self.id = id
        user = ticket.user
        priority = ticket.priority
        generation = order.generation.number
        self.ticket = ticket
        self.lease = lease
        self.order = Mutex(order)
        self.deadline = deadline
        self.events = events
        self.whenCancelled = whenCancelled
    }

    /// How far it is.
    public var progress: JobProgress { place.withLock(\.progress) }

    /// Where it is, for people: "waiting", "scene 2 of 4", "image 1, step 12 of 25".
    public var position: String { place.withLock(\.position) ?? "waiting" }

    /// Ends the job with the error `cancelled`: at once if it waits, after the current step if it
    /// runs. Does nothing to a job that has ended.
    public func cancel() {
        cancelled.store(true, ordering: .relaxed)
        whenCancelled(self)
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    var isLate: Bool { deadline.map { $0 <= ContinuousClock.now } ?? false }

    /// Why the job must not go on; `nil` while it may.
    var interruption: RequestError? {
        if isCancelled { return RequestError(.cancelled, "cancelled " + whereItIs) }
        if isLate { return RequestError(.deadlineExceeded, "the deadline passed " + whereItIs) }
        return nil
    }

    private var whereItIs: String {
        place.withLock(\.position).map { "at " + $0 } ?? "while it waited"
    }

    func set(_ alarm: Alarm) { self.alarm.withLock { $0 = alarm } }

    /// The job's order, once: whoever keeps a job that has ended does not keep its generation.
    func takeOrder() -> StoryOrder? {
        alarm.withLock { $0 = nil }
        return order.withLock { order in
            defer { order = nil }
            return order
        }
    }

    func emit(_ event: StoryEvent) {
        place.withLock { place in
            if let position = place.progress.note(event) { place.position = position }
        }
        events(event)
    }

    /// Positions of the language model's prompts that were there already, from the scene before or
    /// from the session's cache.
    public var reusedPositions: Int { place.withLock(\.reusedPositions) }

    /// - Parameter tokens: that were sampled, so far.
    func note(tokens: Int, reusedPositions: Int) {
        place.withLock { place in
            place.progress.tokens = tokens
            place.reusedPositions = reusedPositions
        }
    }
}

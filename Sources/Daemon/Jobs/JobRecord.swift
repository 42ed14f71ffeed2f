internal import Pipelines
internal import Wire

/// What the daemon knows of a job, from its submission until it is forgotten. On the loop's thread
/// alone.
final class JobRecord {
    /// Who wants it, and how.
    struct Terms {
        var user: UInt32
        var priority = 0
        /// Of the session whose turn it is; empty for a story.
        var session = ""
        /// Whether it goes on without its client.
        var isDetached = false
    }

    let terms: Terms
    let submitted = Moment()
    /// Empty until the job is accepted.
    private(set) var id = ""
    private(set) var state = JobState.queued
    private(set) var generation = 0
    private(set) var started: ContinuousClock.Instant?
    private(set) var ended: ContinuousClock.Instant?
    private(set) var failure: RequestError?
    private(set) var imageCount = 0
    /// Why it was not accepted.
    private(set) var refusal: RequestError?
    /// What can be watched; `nil` once that is forgotten.
    private(set) var log: JobLog? = JobLog()
    /// Until it has ended: the engine's side of a job leads back here.
    private var handle: (any JobHandle)?
    private var place = (progress: Pipelines.JobProgress(), position: "waiting")
    private var isCancelled = false
    private var watchers: [ObjectIdentifier: () -> Void] = [:]
    /// Called when the last watcher has left.
    var onUnwatched: () -> Void = {}

    init(_ terms: Terms) { self.terms = terms }

    var isOver: Bool { ended != nil || refusal != nil }
    var watcherCount: Int { watchers.count }
    var lastSeq: UInt64 { log?.lastSeq ?? finalSeq }
    private var finalSeq: UInt64 = 0

    /// Where it is, or was when it ended.
    var progress: Pipelines.JobProgress { handle?.progress ?? place.progress }
    var position: String { handle?.position ?? place.position }
    var ahead: Int { state == .queued ? handle?.ahead ?? 0 : 0 }

    /// How long it has waited, and run.
    var waited: Duration { (started ?? ended ?? .now) - submitted.instant }
    var ran: Duration { started.map { (ended ?? .now) - $0 } ?? .zero }

    /// Stops it within one step; its last event follows.
    func cancel() {
        isCancelled = true
        handle?.cancel()
    }

    /// Forgets what happened; that it happened stays.
    func forgetEvents() {
        guard let log else { return }
        finalSeq = log.lastSeq
        self.log = nil
    }
}

// MARK: - What happens to it

extension JobRecord {
    /// The engine has it.
    func didQueue(_ handle: any JobHandle) {
        place = (handle.progress, handle.position)
        guard !isOver else { return }
        self.handle = handle
        if isCancelled { handle.cancel() }
    }

    func refuse(_ error: RequestError) {
        refusal = error
        tellWatchers()
    }

    /// What comes after the end, from an engine that was not fast enough, is not taken.
    func append(_ event: EncodedEvent) {
        guard !isOver else { return }
        switch event.mark {
        case .accepted(let job): id = job
        case .started(let number):
            generation = number
            started = .now
            state = .running
        case .imageDone: imageCount += 1
        case .finished: end(.finished)
        case .failed(let error):
            failure = error
            end(error.code == .cancelled ? .cancelled : .failed)
        case .step, .imagePart, .other: break
        }
        log?.append(event)
        tellWatchers()
    }

    /// Ends it by order of the daemon.
    func end(_ error: RequestError) {
        guard !isOver else { return }
        cancel()
        let seq = lastSeq + 1
        let event = Event(
            seq: seq, job: id, generation: generation, kind: .failed(Event.Failed(error)))
        append(EncodedEvent(seq: seq, bytes: event.bytes, mark: .failed(error)))
    }

    private func end(_ state: JobState) {
        self.state = state
        ended = .now
        if let handle { place = (handle.progress, handle.position) }
        handle = nil
    }
}

// MARK: - Watchers

extension JobRecord {
    /// - Parameter news: called after each event, and when the job is refused.
    func addWatcher(_ watcher: AnyObject, _ news: @escaping () -> Void) {
        watchers[ObjectIdentifier(watcher)] = news
    }

    func removeWatcher(_ watcher: AnyObject) {
        guard watchers.removeValue(forKey: ObjectIdentifier(watcher)) != nil, watchers.isEmpty
        else { return }
        onUnwatched()
    }

    private func tellWatchers() {
        for news in Array(watchers.values) { news() }
    }
}

/// The same moment on the clock that never jumps and on the calendar's.
struct Moment {
    let instant = ContinuousClock.now
    let unixMilliseconds = unixMillisecondsNow()
}

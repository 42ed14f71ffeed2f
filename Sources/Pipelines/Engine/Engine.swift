import Dispatch
import Foundation
import Glibc
public import Stages
import Synchronization
public import Tensors

/// Runs requests through a pipeline, on one thread of its own, until it is shut down.
///
/// The thread does *steps*, not requests: the work that one job needs from one stage, together with
/// such work of other jobs as the same call can do. Between two steps of a job it can be told to
/// cancel it. What a job brings depends on its request and its generation alone, never on what else
/// is queued, runs or is done by the same call, or on the number of threads.
public final class Engine: Sendable {
    /// What an engine is doing, at one moment.
    public struct Status: Sendable, Equatable {
        /// The jobs that run, the one that came first before the others.
        public var running: [String]
        public var waiting: Int
        /// Jobs that ended, by how.
        public var finished: Int
        public var failed: Int
        public var cancelled: Int
        /// The generation that new jobs are admitted with.
        public var generation: Int
        public var isAccepting: Bool
    }

    let state: Mutex<EngineState>
    /// Told the number of a generation that no request holds any more.
    private let whenReleased = Mutex(ReleaseHandler())
    /// Signalled for each job put into the queue, and when there is something else to look at.
    let news = DispatchSemaphore(value: 0)
    let meter = StageMeter()
    let prompts = PromptCache()
    /// Of the steps, one after the other.
    let arena = Arena()
    let keeper = MemoryKeeper()
    /// Conversations, whose turns ``submit(_:session:terms:events:)`` takes.
    public let sessions: SessionStore
    /// Rings alarms.
    private let alarms = DispatchQueue(label: "voken-deadlines")
    /// Signalled when the thread is over.
    private let over = DispatchSemaphore(value: 0)

    public convenience init(_ generation: Generation) {
        self.init(generation, clock: .system)
    }

    /// - Parameter clock: of the sessions.
    init(_ generation: Generation, clock: SessionClock) {
        sessions = SessionStore(generation, clock: clock)
        state = Mutex(EngineState(generation: generation))
        prompts.adapt(to: generation)
        let threads = generation.file.engine.threads
        if threads > 0 { ThreadPool.configure(threads: threads) }
        let thread = Thread { [self] in
            var rotation = Rotation(self)
            rotation.run()
            over.signal()
        }
        thread.name = "voken-inference"
        thread.stackSize = 8 << 20
        thread.start()
    }

    public var status: Status {
        state.withLock { state in
            Status(
                running: state.running.map(\.id), waiting: state.queue.waiting,
                finished: state.finished, failed: state.failed, cancelled: state.cancelled,
                generation: state.generation.number, isAccepting: state.isAccepting)
        }
    }

    /// What each stage has done for jobs since the engine began.
    public var stageCounters: [StageKind: StageCounter] { meter.all }

    /// What prompts of different requests had in common.
    public var promptCache: PromptCacheCounters { prompts.counters }

    /// What the steps have asked of the arena that they share, since the engine began.
    public var arenaCounts: Arena.Counts { arena.counts }

    /// The generation that new requests are admitted with.
    var generation: Generation { state.withLock(\.generation) }

    /// Admits new requests with another generation; those already admitted keep theirs.
    func publish(_ generation: Generation) {
        state.withLock { $0.generation = generation }
        sessions.serve(generation)
        prompts.adapt(to: generation)
    }

    /// Calls `body`, on any thread, with the number of each generation that its last request lets
    /// go of. It should return at once.
    func onRelease(_ body: @escaping @Sendable (Int) -> Void) {
        whenReleased.withLock { $0.body = body }
    }

    /// Whether a request holds a generation.
    func isHeld(_ generation: Int) -> Bool {
        state.withLock { $0.holders[generation] != nil }
    }

    /// The jobs that hold generations, the running ones first.
    var holders: [Holder] {
        state.withLock(\.allJobs).map {
            Holder(job: $0.id, generation: $0.generation, position: $0.position)
        }
    }

    /// Cancels the jobs of a generation.
    func cancelJobs(of generation: Int) {
        for job in state.withLock(\.allJobs) where job.generation == generation { job.cancel() }
    }

    /// Waiting jobs that begin before a job, if nobody else comes; 0 if it does not wait.
    public func jobsAhead(of job: Job) -> Int {
        state.withLock { $0.queue.ahead(of: job.ticket.number) ?? 0 }
    }

    /// Checks a request and puts it into the queue.
    /// - Parameter events: told `accepted` before this returns, and all else by the inference
    ///   thread (the end of a job that waits: by the thread that cancels it, or at its deadline),
    ///   one at a time and in order. It should return at once: no step is done meanwhile.
    public func submit(
        _ request: StoryRequest, terms: JobTerms = JobTerms(),
        events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> Job {
        try terms.check()
        return try holding { generation throws(RequestError) in
            let order = try StoryOrder(request, generation)
            return try enqueue(order, nil, bytes: request.byteCount, terms, events)
        }
    }

    /// Checks a turn of a session and puts it into the queue: a job whose one scene has the number
    /// of the turn. If it fails, the session is as it was.
    /// - Parameter events: as of ``submit(_:terms:events:)``; when the end is told, the next turn
    ///   can be taken.
    public func submit(
        _ turn: TurnRequest, session name: String, terms: JobTerms = JobTerms(),
        events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> Job {
        try terms.check()
        return try holding { generation throws(RequestError) in
            let (lease, content, memory) = try sessions.begin(turn, name, user: terms.user)
            do throws(RequestError) {
                let order = try StoryOrder(turn, of: content, memory: memory, generation)
                return try enqueue(order, lease, bytes: turn.byteCount, terms, events)
            } catch {
                sessions.end(lease, TurnResult(memory: memory))
                throw error
            }
        }
    }

    /// Calls `body` with the generation of a request that comes, which it keeps unless it fails.
    private func holding(
        _ body: (Generation) throws(RequestError) -> Job
    ) throws(RequestError) -> Job {
        let generation = state.withLock { state in
            state.holders[state.generation.number, default: 0] += 1
            return state.generation
        }
        do throws(RequestError) {
            return try body(generation)
        } catch {
            release(generation.number)
            throw error
        }
    }

    private func enqueue(
        _ order: StoryOrder, _ lease: SessionLease?, bytes: Int, _ terms: JobTerms,
        _ events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> Job {
        let (ticket, ahead) = try state.withLock { state throws(RequestError) in
            try state.admit(terms, bytes: bytes, order.generation.file)
        }
        let job = Job(
            id: Self.jobID(ticket.number), ticket: ticket, lease: lease, order: order,
            deadline: terms.deadline, events: events
        ) { [weak self] job in self?.endIfWaiting(job) }
        if let lease { sessions.note(job, lease) }
        job.emit(.accepted(job: job.id, ahead: ahead))
        if let deadline = job.deadline {
            job.set(
                Alarm(at: deadline, on: alarms) { [weak self, weak job] in
                    if let job { self?.endIfWaiting(job) }
                })
        }
        state.withLock { $0.insert(job) }
        news.signal()
        // What came in between has found nothing that waits.
        if job.interruption != nil { endIfWaiting(job) }
        return job
    }

    /// Different also from those of a process that serves the same socket, before or after.
    static func jobID(_ number: Int) -> String { "job-\(getpid())-\(number)" }

    /// A request lets go of its generation.
    private func release(_ generation: Int) {
        let isLast = state.withLock { state in
            let left = (state.holders[generation] ?? 0) - 1
            state.holders[generation] = left > 0 ? left : nil
            return left <= 0
        }
        if isLast { whenReleased.withLock(\.body)(generation) }
    }

    /// Refuses new requests, lets the admitted ones finish for as long as `grace`, then ends what
    /// is left with `shuttingDown`. Returns when the inference thread is over.
    public func shutdown(grace: Duration) {
        state.withLock { $0.isAccepting = false }
        news.signal()
        let (seconds, attoseconds) = grace.components
        let deadline = DispatchTime.now() + Double(seconds) + Double(attoseconds) * 1e-18
        if over.wait(timeout: deadline) == .timedOut {
            state.withLock { $0.isStopping = true }
            news.signal()
            over.wait()
        }
        // For whoever else waits for the same end.
        over.signal()
    }

    private func endIfWaiting(_ job: Job) {
        guard let error = job.interruption, state.withLock({ $0.remove(job, error) }) else {
            return
        }
        let memory = job.takeOrder()?.context.memory ?? ContextMemory()
        conclude(job, .failed(error), TurnResult(memory: memory))
        news.signal()
    }

    /// A running job is over.
    /// - Parameters:
    ///   - result: for its session, if it is a turn of one.
    ///   - service: what it took, in nanoseconds of the inference thread.
    func end(_ job: Job, _ end: StoryEvent, _ result: TurnResult, service: Int) {
        state.withLock { $0.end(job, end.failure, service: service) }
        conclude(job, end, result)
    }

    private func conclude(_ job: Job, _ end: StoryEvent, _ result: TurnResult) {
        if let lease = job.lease { sessions.end(lease, result) }
        job.emit(end)
        release(job.generation)
    }
}

/// A structure around a closure: a closure that is itself what a generic type holds is wrapped anew
/// each time it is lent out, and would be called ever deeper.
private struct ReleaseHandler {
    var body: @Sendable (Int) -> Void = { _ in }
}

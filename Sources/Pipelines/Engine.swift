import Dispatch
import Foundation
import Glibc
import Synchronization
import Tensors

/// Runs requests through a pipeline, one at a time, on one thread of its own, until it is shut
/// down.
///
/// The thread does *steps*, not requests: between two steps of a job it can be told to cancel it.
/// What a job brings depends on its request and its generation alone, never on what else is queued
/// or on the number of threads.
public final class Engine: Sendable {
    /// What an engine is doing, at one moment.
    public struct Status: Sendable, Equatable {
        /// The job that runs.
        public var running: String?
        public var waiting: Int
        /// Jobs that ended, by how.
        public var finished: Int
        public var failed: Int
        public var cancelled: Int
        /// The generation that new jobs are admitted with.
        public var generation: Int
        public var isAccepting: Bool
    }

    private struct State {
        var generation: Generation
        var queue: [Job] = []
        var running: Job?
        /// Jobs with a place in the queue, whose `accepted` is just being told.
        var arriving = 0
        /// How many requests hold a generation, by its number; those that are being checked too.
        var holders: [Int: Int] = [:]
        var admitted = 0
        var finished = 0
        var failed = 0
        var cancelled = 0
        var isAccepting = true
        /// No job may begin or go on.
        var isStopping = false

        var load: Int { queue.count + arriving + (running == nil ? 0 : 1) }
        var isOver: Bool { !isAccepting && load == 0 }
    }

    private let state: Mutex<State>
    /// Told the number of a generation that no request holds any more.
    private let whenReleased = Mutex<@Sendable (Int) -> Void>({ _ in })
    /// Signalled for each job put into the queue, and when there is something else to look at.
    private let news = DispatchSemaphore(value: 0)
    /// Signalled when the thread is over.
    private let over = DispatchSemaphore(value: 0)

    public init(_ generation: Generation) {
        state = Mutex(State(generation: generation))
        let threads = generation.file.engine.threads
        if threads > 0 { ThreadPool.configure(threads: threads) }
        let thread = Thread { [self] in
            run()
            over.signal()
        }
        thread.name = "voken-inference"
        thread.stackSize = 8 << 20
        thread.start()
    }

    public var status: Status {
        state.withLock { state in
            Status(
                running: state.running?.id, waiting: state.queue.count + state.arriving,
                finished: state.finished, failed: state.failed, cancelled: state.cancelled,
                generation: state.generation.number, isAccepting: state.isAccepting)
        }
    }

    /// The generation that new requests are admitted with.
    var generation: Generation { state.withLock(\.generation) }

    /// Admits new requests with another generation; those already admitted keep theirs.
    func publish(_ generation: Generation) {
        state.withLock { $0.generation = generation }
    }

    /// Calls `body`, on any thread, with the number of each generation that its last request lets
    /// go of. It should return at once.
    func onRelease(_ body: @escaping @Sendable (Int) -> Void) {
        whenReleased.withLock { $0 = body }
    }

    /// Whether a request holds a generation.
    func isHeld(_ generation: Int) -> Bool {
        state.withLock { $0.holders[generation] != nil }
    }

    /// The jobs that hold generations, the running one first.
    var holders: [Holder] {
        let jobs = state.withLock { state in
            [state.running].compactMap(\.self) + state.queue
        }
        return jobs.map {
            Holder(job: $0.id, generation: $0.generation, position: $0.position)
        }
    }

    /// Cancels the jobs of a generation.
    func cancelJobs(of generation: Int) {
        let jobs = state.withLock { state in
            ([state.running].compactMap(\.self) + state.queue)
                .filter { $0.generation == generation }
        }
        for job in jobs { job.cancel() }
    }

    /// Checks a request and puts it into the queue.
    /// - Parameter events: told `accepted` before this returns, and all else by the inference
    ///   thread (a waiting job's cancellation: by the thread that cancels it), one at a time and
    ///   in order. It should return at once: no step is done meanwhile.
    public func submit(
        _ request: StoryRequest, events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> Job {
        let generation = hold()
        let job: Job
        do throws(RequestError) {
            let order = try StoryOrder(request, generation)
            let (number, ahead) = try admit(limit: generation.file.limits.queue)
            job = Job(id: Self.jobID(number), order: order, events: events) { [weak self] job in
                self?.cancelIfWaiting(job)
            }
            job.emit(.accepted(job: job.id, ahead: ahead))
        } catch {
            release(generation.number)
            throw error
        }
        state.withLock { state in
            state.arriving -= 1
            state.queue.append(job)
        }
        news.signal()
        return job
    }

    /// Different also from those of a process that serves the same socket, before or after.
    static func jobID(_ number: Int) -> String { "job-\(getpid())-\(number)" }

    /// The generation of a request that comes.
    private func hold() -> Generation {
        state.withLock { state in
            state.holders[state.generation.number, default: 0] += 1
            return state.generation
        }
    }

    /// A request lets go of its generation.
    private func release(_ generation: Int) {
        let isLast = state.withLock { state in
            let left = (state.holders[generation] ?? 0) - 1
            state.holders[generation] = left > 0 ? left : nil
            return left <= 0
        }
        if isLast { whenReleased.withLock { $0 }(generation) }
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

    /// A place in the queue: the job's number, and how many are before it.
    private func admit(limit: Int) throws(RequestError) -> (number: Int, ahead: Int) {
        let place: Result<(number: Int, ahead: Int), RequestError> = state.withLock { state in
            guard state.isAccepting else {
                return .failure(
                    RequestError(.shuttingDown, "the engine is shutting down; try again later"))
            }
            let ahead = state.load
            guard ahead <= limit else {
                return .failure(
                    RequestError(
                        .queueFull,
                        "\(ahead - 1) requests are waiting, which is the limit; "
                            + "try again later"))
            }
            state.arriving += 1
            state.admitted += 1
            return .success((state.admitted, ahead))
        }
        return try place.get()
    }

    private func cancelIfWaiting(_ job: Job) {
        let wasWaiting = state.withLock { state in
            guard let index = state.queue.firstIndex(where: { $0 === job }) else { return false }
            state.queue.remove(at: index)
            state.cancelled += 1
            return true
        }
        if wasWaiting {
            _ = job.takeOrder()
            job.emit(.failed(.cancelled))
            release(job.generation)
            news.signal()
        }
    }

    // MARK: The inference thread

    private func run() {
        while true {
            while let job = next() { work(job) }
            if state.withLock(\.isOver) { return }
            news.wait()
        }
    }

    private func next() -> Job? {
        state.withLock { state in
            guard !state.queue.isEmpty else { return nil }
            let job = state.queue.removeFirst()
            state.running = job
            return job
        }
    }

    private func work(_ job: Job) {
        let end = tell(job)
        job.emit(end)
        release(job.generation)
    }

    /// Does a job's steps; when this returns, nothing of it is left.
    /// - Returns: the event that ends it.
    private func tell(_ job: Job) -> StoryEvent {
        guard let order = job.takeOrder() else { preconditionFailure("a job runs once") }
        do throws(RequestError) {
            try checkInterruption(job)
            var task = StoryTask(order, emit: { job.emit($0) })
            while !task.isFinished {
                try task.step()
                try checkInterruption(job)
            }
            end { $0.finished += 1 }
            return .finished(task.summary)
        } catch {
            end { if error.code == .cancelled { $0.cancelled += 1 } else { $0.failed += 1 } }
            return .failed(error)
        }
    }

    private func checkInterruption(_ job: Job) throws(RequestError) {
        if job.isCancelled { throw .cancelled }
        if state.withLock(\.isStopping) {
            throw RequestError(.shuttingDown, "the engine was shut down before the story's end")
        }
    }

    private func end(_ count: (inout State) -> Void) {
        state.withLock { state in
            state.running = nil
            count(&state)
        }
    }
}

extension RequestError {
    static let cancelled = RequestError(.cancelled, "the request was cancelled")
}

/// What an engine knows about its jobs: changed by whoever holds the lock around it.
struct EngineState {
    /// The one that new requests are admitted with.
    var generation: Generation
    private(set) var queue = JobQueue()
    /// Waiting and running, by their tickets' numbers.
    private var jobs: [Int: Job] = [:]
    private(set) var running: [Job] = []
    /// How many requests hold a generation, by its number; those that are being checked too.
    var holders: [Int: Int] = [:]
    private(set) var finished = 0
    private(set) var failed = 0
    private(set) var cancelled = 0
    private var estimate = LoadEstimate()
    var isAccepting = true
    /// No job may begin or go on.
    var isStopping = false

    init(generation: Generation) { self.generation = generation }

    /// Nothing runs or waits, and nothing comes.
    var isOver: Bool { !isAccepting && queue.waiting == 0 && queue.running == 0 }

    /// The running ones first, then those that wait, by their arrival.
    var allJobs: [Job] {
        let numbers = Set(running.map(\.ticket.number))
        return running
            + jobs.filter { !numbers.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// A place for a job, and how many must end before it begins.
    mutating func admit(
        _ terms: JobTerms, bytes: Int, _ file: PipelineFile
    ) throws(RequestError) -> (ticket: JobQueue.Ticket, ahead: Int) {
        guard isAccepting else {
            throw RequestError(.shuttingDown, "the engine is shutting down; try again later")
        }
        let concurrency = generation.file.engine.concurrency
        let limits = JobQueue.Limits(
            concurrency: concurrency, waiting: file.limits.queue,
            jobsPerUser: file.limits.jobsPerUser, bytesPerUser: file.limits.requestBytesPerUser)
        let ticket: JobQueue.Ticket
        do throws(JobQueue.Refusal) {
            ticket = try queue.reserve(
                user: terms.user, priority: terms.priority, bytes: bytes, limits: limits)
        } catch {
            throw refusal(error, limits)
        }
        let before = queue.running + queue.ahead(of: ticket)
        return (ticket, max(0, before + 1 - concurrency))
    }

    private func refusal(_ refusal: JobQueue.Refusal, _ limits: JobQueue.Limits) -> RequestError {
        switch refusal {
        case .full(let waiting):
            RequestError(
                .queueFull,
                "\(waiting) requests are waiting, which is the limit; try again later",
                retryAfter: estimate.time(for: 1))
        case .userJobs(let jobs):
            RequestError(
                .clientLimit,
                "this user has \(jobs) jobs, which is the limit; "
                    + "try again when one of them has ended",
                retryAfter: estimate.time(for: queue.users))
        case .userBytes(let bytes):
            RequestError(
                .clientLimit,
                "this user's waiting jobs hold \(bytes) bytes, and the limit is "
                    + "\(limits.bytesPerUser); try again when one of them has begun, or send less",
                retryAfter: estimate.time(for: queue.users))
        }
    }

    /// A job that was admitted may begin.
    mutating func insert(_ job: Job) {
        jobs[job.ticket.number] = job
        queue.insert(job.ticket)
    }

    /// A waiting job ends.
    /// - Returns: whether it waited.
    mutating func remove(_ job: Job, _ error: RequestError) -> Bool {
        guard queue.remove(job.ticket.number) else { return false }
        jobs[job.ticket.number] = nil
        count(error)
        return true
    }

    /// The next job runs from now on; `nil` if none waits, or as many run as may.
    mutating func begin() -> Job? {
        guard queue.running < generation.file.engine.concurrency,
            let number = queue.takeNext(), let job = jobs[number]
        else { return nil }
        running.append(job)
        return job
    }

    /// A running job has the turn.
    mutating func turn(of job: Job) { queue.turn(of: job.user) }

    /// - Parameter service: nanoseconds of the inference thread, for a running job of the user.
    mutating func charge(_ service: Int, to user: UInt32) { queue.charge(service, to: user) }

    /// A running job is over.
    /// - Parameter service: what it took, in nanoseconds of the inference thread.
    mutating func end(_ job: Job, _ failure: RequestError?, service: Int) {
        queue.finish(job.ticket.number)
        jobs[job.ticket.number] = nil
        running.removeAll { $0 === job }
        if let failure {
            count(failure)
        } else {
            finished += 1
            estimate.note(service)
        }
    }

    private mutating func count(_ error: RequestError) {
        if error.code == .cancelled { cancelled += 1 } else { failed += 1 }
    }
}

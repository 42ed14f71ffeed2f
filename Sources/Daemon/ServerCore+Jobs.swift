internal import EventLoop
internal import Pipelines
internal import Wire

// From requests on the loop to jobs of the engine and back. Requests are checked on a thread that
// may work; all that comes back goes through the loop's mailbox: in order, and after the call.
extension ServerCore {
    func generate(_ request: GenerateRequest, _ record: JobRecord, _ terms: JobTerms) {
        begin(record) { (backend, events) throws(RequestError) in
            try backend.generate(try StoryRequest(request), terms, events: events)
        }
    }

    func send(
        _ turn: GenerateRequest, to session: String, _ record: JobRecord, _ terms: JobTerms
    ) {
        begin(record) { (backend, events) throws(RequestError) in
            try backend.send(try TurnRequest(turn), to: session, terms, events: events)
        }
    }

    private func begin(
        _ record: JobRecord,
        _ submit:
            @escaping @Sendable (
                any Backend, @escaping @Sendable (StoryEvent) -> Void
            ) throws(RequestError) -> any JobHandle
    ) {
        let job = LoopBound((self, record), to: loop)
        let encoder = EventEncoder()
        admission.async { [loop, backend] in
            do throws(RequestError) {
                let handle = try submit(backend) { event in
                    let events = encoder.encode(event)
                    loop.execute {
                        let (core, record) = job.value
                        for event in events { core.jobs.receive(event, for: record) }
                    }
                }
                let isHandedOver = loop.execute { job.value.1.didQueue(handle) }
                if !isHandedOver { handle.cancel() }
            } catch {
                loop.execute {
                    let (core, record) = job.value
                    core.jobs.refuse(record, error)
                }
            }
        }
    }

    /// - Parameter user: whose job it must be; `nil` for any.
    func job(_ id: String, _ user: UInt32?) throws(Status) -> JobRecord {
        guard let record = jobs.job(id, of: user) else {
            throw Status(
                .notFound,
                "there is no job \(id), or it has ended long ago; `voken jobs --all` lists them",
                reason: "no_job")
        }
        return record
    }

    func isDetached(_ choice: OnDisconnect) -> Bool {
        switch choice {
        case .detach: true
        case .cancel: false
        default: settings.jobs.areDetached
        }
    }
}

extension JobInfo {
    init(_ record: JobRecord) {
        let progress = record.progress
        self.init(
            job: record.id, state: record.state, uid: Int(record.terms.user),
            session: record.terms.session, priority: record.terms.priority,
            generation: record.generation, progress: Wire.JobProgress(progress),
            position: record.position, ahead: record.ahead,
            submittedUnixMilliseconds: record.submitted.unixMilliseconds,
            waitedMilliseconds: record.waited.milliseconds,
            ranMilliseconds: record.ran.milliseconds,
            leftMilliseconds: record.left.milliseconds, lastSeq: record.lastSeq,
            onDisconnect: record.terms.isDetached ? .detach : .cancel,
            watchers: record.watcherCount, images: record.imageCount,
            failure: record.failure.map { Event.Failed($0) })
    }
}

extension Wire.JobProgress {
    init(_ progress: Pipelines.JobProgress) {
        self.init(
            scene: progress.scene, scenes: progress.scenes, tokens: progress.tokens,
            image: progress.image, step: progress.step, steps: progress.steps)
    }
}

extension JobRecord {
    /// An estimate of what is left, from the scenes and steps that are done; zero if nothing can
    /// be said.
    fileprivate var left: Duration {
        let progress = progress
        guard state == .running, progress.scenes > 0 else { return .zero }
        let within =
            progress.steps > 0 ? Double(progress.step) / Double(progress.steps) : 0
        let done = (Double(max(progress.scene - 1, 0)) + within) / Double(progress.scenes)
        return done > 0 ? ran * (1 / min(done, 1) - 1) : .zero
    }
}

extension Duration {
    var milliseconds: Int { Int(self / .milliseconds(1)) }
}

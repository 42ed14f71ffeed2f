internal import EventLoop
internal import Pipelines
internal import Wire

// Jobs: begun, watched, cancelled.
extension ServerSession {
    func answerGeneration(_ method: Wire.Method, _ call: Call) throws(WireError) {
        let stream = call.stream
        switch method {
        case .generate:
            let request = try GenerateRequest(call.payload)
            follow(stream, request, call.timeout) { core, record, terms in
                core.generate(request, record, terms)
            }
        case .submit:
            let request = try GenerateRequest(call.payload)
            submit(stream, request) { core, record, terms in
                core.generate(request, record, terms)
            }
        case .watch:
            let request = try WatchRequest(call.payload)
            do throws(Status) {
                let record = try core.job(request.job, scope)
                guard record.log != nil else { throw .forgotten(record) }
                self.stream(JobFeed(record, from: request.fromSeq), to: stream)
            } catch {
                fail(stream, error)
            }
        case .poll: poll(try PollRequest(call.payload), call)
        case .cancel: cancel(try CancelRequest(call.payload).job, stream)
        case .listJobs:
            let request = try ListJobsRequest(call.payload)
            let jobs = core.jobs.jobs(of: scope, withEnded: request.ended)
            reply(ListJobsReply(jobs: jobs.map { JobInfo($0) }).bytes, to: stream)
        case .getJob:
            let request = try GetJobRequest(call.payload)
            do throws(Status) {
                reply(JobInfo(try core.job(request.job, scope)).bytes, to: stream)
            } catch {
                fail(stream, error)
            }
        default: artifact(try GetArtifactRequest(call.payload), stream)
        }
    }

    /// Begins a job and streams its events.
    /// - Parameters:
    ///   - timeout: of the call.
    ///   - begin: hands it to the engine.
    func follow(
        _ stream: UInt32, _ request: GenerateRequest, _ timeout: Duration?,
        session: String = "", _ begin: (ServerCore, JobRecord, JobTerms) -> Void
    ) {
        guard request.timeout >= 0 else { return fail(stream, .deadlineExceeded) }
        let isDetached = core.isDetached(request.onDisconnect)
        var limits = request.timeout > 0 ? [Duration.nanoseconds(request.timeout)] : []
        // A job that nobody waits for may take longer than the call.
        if !isDetached, let timeout { limits.append(timeout) }
        let record = addRecord(request, session, isDetached: isDetached)
        let feed = JobFeed(record)
        whenAbandoned(stream) { if !isDetached { record.cancel() } }
        let limit = limits.min()
        if !isDetached, let limit {
            time(stream, limit) { [core] in
                core.jobs.end(
                    record,
                    RequestError(.deadlineExceeded, "the story took longer than \(limit)"))
            }
        }
        begin(core, record, terms(request, limit))
        self.stream(feed, to: stream)
    }

    /// Begins a job that nobody watches yet, and answers when it is accepted.
    func submit(
        _ stream: UInt32, _ request: GenerateRequest, session: String = "",
        _ begin: (ServerCore, JobRecord, JobTerms) -> Void
    ) {
        guard request.timeout >= 0 else { return fail(stream, .deadlineExceeded) }
        let limit = request.timeout > 0 ? Duration.nanoseconds(request.timeout) : nil
        let record = addRecord(request, session, isDetached: true)
        watch(record, for: stream) { [unowned self] in
            if let refusal = record.refusal {
                fail(stream, Status(refusal))
            } else if !record.id.isEmpty {
                reply(JobInfo(record).bytes, to: stream)
            } else {
                return false
            }
            return true
        }
        begin(core, record, terms(request, limit))
    }

    private func addRecord(
        _ request: GenerateRequest, _ session: String, isDetached: Bool
    ) -> JobRecord {
        core.jobs.add(
            JobRecord.Terms(
                user: peer.user, priority: request.priority, session: session,
                isDetached: isDetached))
    }

    private func terms(_ request: GenerateRequest, _ limit: Duration?) -> JobTerms {
        JobTerms(
            user: peer.user, priority: request.priority, deadline: limit.map { .now + $0 })
    }

    /// Calls `body` now and after each event of a job, until it returns true or the call is over.
    private func watch(
        _ record: JobRecord, for stream: UInt32, _ body: @escaping () -> Bool
    ) {
        let watcher = JobWatcher()
        let step = { [unowned self] in
            guard isOpen(stream) else { return record.removeWatcher(watcher) }
            guard body() else { return }
            record.removeWatcher(watcher)
            settle()
        }
        record.addWatcher(watcher, step)
        whenAbandoned(stream) { record.removeWatcher(watcher) }
        step()
    }
}

private final class JobWatcher {}

// MARK: - Asking

extension ServerSession {
    private static let longestWait = Duration.seconds(60)
    /// Of the events of one answer, in bytes, with room for what is around them.
    private static let pollLimit = Frame.maximumCount - 64 << 10

    private func poll(_ request: PollRequest, _ call: Call) {
        let stream = call.stream
        let record: JobRecord
        do throws(Status) {
            record = try core.job(request.job, scope)
            guard record.log != nil else { throw .forgotten(record) }
        } catch {
            return fail(stream, error)
        }
        let seq = max(request.fromSeq, 1)
        var isLate = request.wait <= 0
        let answer = { [unowned self] in
            guard let log = record.log else {
                fail(stream, .forgotten(record))
                return true
            }
            guard isLate || record.isOver || log.first(from: seq) != nil else { return false }
            reply(Self.events(of: record, log, from: seq).bytes, to: stream)
            return true
        }
        watch(record, for: stream, answer)
        guard isOpen(stream) else { return }
        let wait = min(.nanoseconds(request.wait), call.timeout ?? Self.longestWait)
        time(stream, min(wait, Self.longestWait)) {
            isLate = true
            _ = answer()
        }
    }

    /// As many as fit a frame.
    private static func events(
        of record: JobRecord, _ log: JobLog, from seq: UInt64
    ) -> PollReply {
        var reply = PollReply(events: [], ended: false)
        var (next, count) = (seq, 0)
        while let event = log.first(from: next), count + event.bytes.count <= pollLimit,
            let message = try? Event(event.bytes)
        {
            reply.events.append(message)
            count += event.bytes.count + 16
            next = event.seq + 1
        }
        reply.ended = record.isOver && next > log.lastSeq
        return reply
    }

    private func cancel(_ id: String, _ stream: UInt32) {
        let record: JobRecord
        do throws(Status) {
            record = try core.job(id, scope)
        } catch {
            return fail(stream, error)
        }
        let wasOver = record.isOver
        let start = ContinuousClock.now
        if !wasOver { record.cancel() }
        watch(record, for: stream) { [unowned self] in
            guard record.isOver else { return false }
            reply(
                CancelReply(
                    known: !wasOver && record.state == .cancelled, state: record.state,
                    progress: Wire.JobProgress(record.progress), position: record.position,
                    microseconds: Int((.now - start) / .microseconds(1))
                ).bytes, to: stream)
            return true
        }
    }

    private func artifact(_ request: GetArtifactRequest, _ stream: UInt32) {
        do throws(Status) {
            let record = try core.job(request.job, scope)
            guard let log = record.log else { throw .forgotten(record) }
            let parts = log.parts(ofImage: request.image)
            guard case .imageDone? = parts.last?.mark else {
                throw Status(
                    .notFound,
                    "job \(record.id) has no picture \(request.image): it has \(log.imageCount)",
                    reason: "no_image")
            }
            self.stream(ArtifactFeed(parts), to: stream)
        } catch {
            fail(stream, error)
        }
    }
}

extension Status {
    fileprivate static func forgotten(_ record: JobRecord) -> Status {
        Status(
            .notFound,
            "the events of job \(record.id) went to its client and are not kept: submit a job, or "
                + "generate with on_disconnect DETACH, to watch it from elsewhere",
            reason: "not_kept")
    }
}

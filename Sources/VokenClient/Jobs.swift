internal import Synchronization
public import Wire

// Jobs: stories that go on whether or not anybody listens.

extension Client {
    /// Queues a story that nobody follows yet: its events come by ``watch(job:fromSeq:)``.
    ///
    /// - Throws: ``ClientError``; its ``ClientError/retryAfter`` says when a daemon that has too
    ///   many may take it.
    public func submit(_ request: GenerateRequest) throws(ClientError) -> JobInfo {
        try call(.submit, request.bytes)
    }

    /// Follows a job from an event on, as ``generate(_:)`` would have: events that there are
    /// already, then those to come.
    ///
    /// When the connection is lost, the stream goes on after the last event that has arrived over a
    /// new one, without a gap or a repetition. Whether the stream is dropped does not matter to the
    /// job.
    ///
    /// - Parameter fromSeq: 0 and 1 are the first.
    public func watch(job: String, fromSeq: UInt64 = 0) throws(ClientError) -> Story {
        let images = ImageParts()
        let before = max(fromSeq, 1) - 1
        let (arrived, taken) = (LastEvent(before), LastEvent(before))
        let resumption = Resumption(
            didArrive: { bytes in
                if let seq = Event.seq(of: bytes) { _ = arrived.advance(to: seq) }
            },
            request: { WatchRequest(job: job, fromSeq: arrived.seq &+ 1).bytes })
        return try follow(
            .watch, resumption.request(), "story",
            joined: { event throws(ClientError) in
                // A daemon may say again what it has said.
                taken.advance(to: event.seq) ? try images.joined(event) : nil
            }, resume: resumption)
    }

    /// Stops a job, whoever has begun it, and waits until it has stopped: one step at most.
    ///
    /// - Returns: where it was; for a job that had ended before, how.
    public func cancel(job: String) throws(ClientError) -> CancelReply {
        // A step of a large model on a small machine takes long.
        try call(.cancel, CancelRequest(job: job).bytes, within: .seconds(120))
    }

    /// The caller's own jobs; all of them for who may administer.
    ///
    /// - Parameter ended: whether to name those that have ended too, as far as they are kept.
    /// - Returns: those that run, those that wait in their order, those that have ended, the last
    ///   first.
    public func jobs(ended: Bool = false) throws(ClientError) -> [JobInfo] {
        let reply: ListJobsReply = try call(.listJobs, ListJobsRequest(ended: ended).bytes)
        return reply.jobs
    }

    public func job(_ id: String) throws(ClientError) -> JobInfo {
        try call(.getJob, GetJobRequest(job: id).bytes)
    }

    /// The PNG file of one picture of a job.
    ///
    /// - Parameter image: from 1.
    /// - Throws: ``ClientError/Code/malformed`` if it is cut off.
    public func artifact(job: String, image: Int) throws(ClientError) -> [UInt8] {
        let parts: EventStream<ArtifactPart> = try follow(
            .getArtifact, GetArtifactRequest(job: job, image: image).bytes, "picture")
        var file: [UInt8] = []
        while let part = try parts.next() {
            file += part.data
            guard file.count <= ImageParts.limit else {
                throw ClientError(.malformed, "an image of over \(ImageParts.limit) bytes")
            }
        }
        return file
    }
}

/// The last event of a stream, by its number.
private final class LastEvent: Sendable {
    private let last: Mutex<UInt64>

    init(_ seq: UInt64) { last = Mutex(seq) }

    var seq: UInt64 { last.withLock { $0 } }

    /// - Returns: `false` if that event, or a later one, has been before.
    func advance(to seq: UInt64) -> Bool {
        last.withLock { last in
            guard seq > last else { return false }
            last = seq
            return true
        }
    }
}

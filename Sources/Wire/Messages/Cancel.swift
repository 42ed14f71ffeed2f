internal import CProtobufC

/// What `voken.v1.Generation/Cancel` takes.
public struct CancelRequest: Message {
    public var job: String

    public init(job: String) {
        self.job = job
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__cancel_request__unpack) {
            message throws(WireError) in
            unsafe CancelRequest(job: try validText(message.job, "job", limit: TextLimit.id))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__cancel_request__init) { message, arena in
            unsafe message.job = arena.string(job)
        }
    }
}

/// What it answers, when the job has ended.
public struct CancelReply: Message {
    /// Whether this call has ended the job.
    public var known: Bool
    public var state: JobState
    /// Where it was.
    public var progress: JobProgress
    /// The same, for people.
    public var position: String
    /// From the request to the job's end.
    public var microseconds: Int

    public init(
        known: Bool, state: JobState = .unknown, progress: JobProgress = JobProgress(),
        position: String = "", microseconds: Int = 0
    ) {
        self.known = known
        self.state = state
        self.progress = progress
        self.position = position
        self.microseconds = microseconds
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__cancel_reply__unpack) {
            message throws(WireError) in
            unsafe CancelReply(
                known: message.known != 0, state: JobState(message.state),
                progress: try part(message.progress) { unsafe JobProgress($0) } ?? JobProgress(),
                position: try validText(message.position, "position", limit: TextLimit.name),
                microseconds: Int(clamping: message.microseconds))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__cancel_reply__init) { message, arena in
            unsafe message.known = known ? 1 : 0
            unsafe message.state = state.packed
            unsafe message.progress = progress.packed(&arena)
            unsafe message.position = arena.string(position)
            unsafe message.microseconds = UInt64(clamping: microseconds)
        }
    }
}

internal import CProtobufC

/// What `voken.v1.Generation/Watch` takes.
public struct WatchRequest: Message {
    public var job: String
    /// 0 and 1 are the first.
    public var fromSeq: UInt64

    public init(job: String, fromSeq: UInt64 = 0) {
        self.job = job
        self.fromSeq = fromSeq
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__watch_request__unpack) {
            message throws(WireError) in
            unsafe WatchRequest(
                job: try validText(message.job, "job", limit: TextLimit.id),
                fromSeq: message.from_seq)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__watch_request__init) { message, arena in
            unsafe message.job = arena.string(job)
            unsafe message.from_seq = fromSeq
        }
    }
}

/// What `voken.v1.Generation/Poll` takes.
public struct PollRequest: Message {
    public var job: String
    /// 0 and 1 are the first.
    public var fromSeq: UInt64
    /// For an event if there is none, in nanoseconds; at most a minute.
    public var wait: Int64

    public init(job: String, fromSeq: UInt64 = 0, wait: Int64 = 0) {
        self.job = job
        self.fromSeq = fromSeq
        self.wait = wait
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__poll_request__unpack) {
            message throws(WireError) in
            unsafe PollRequest(
                job: try validText(message.job, "job", limit: TextLimit.id),
                fromSeq: message.from_seq, wait: message.wait_nano)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__poll_request__init) { message, arena in
            unsafe message.job = arena.string(job)
            unsafe message.from_seq = fromSeq
            unsafe message.wait_nano = wait
        }
    }
}

/// What it answers.
public struct PollReply: Message {
    public var events: [Event]
    /// Whether the last event of the job is among them, or was before them.
    public var ended: Bool

    public init(events: [Event], ended: Bool) {
        self.events = events
        self.ended = ended
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__poll_reply__unpack, growth: listGrowth)
        {
            message throws(WireError) in
            unsafe PollReply(
                events: try elements(message.events, message.n_events) { part throws(WireError) in
                    try unsafe Event(part)
                }, ended: message.ended != 0)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__poll_reply__init) { message, arena in
            unsafe message.n_events = events.count
            unsafe message.events = arena.list(events) { unsafe $0.packed(&$1) }
            unsafe message.ended = ended ? 1 : 0
        }
    }
}

internal import CProtobufC

/// What `voken.v1.Generation/Cancel` takes.
public struct CancelRequest: Message {
    public var job: String

    public init(job: String) { self.job = job }

    public init(_ bytes: [UInt8]) throws(WireError) {
        job = try unsafe unpacking(bytes, with: voken__v1__cancel_request__unpack) {
            message throws(WireError) in
            try unsafe validText(message.job, "job", limit: 256)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__cancel_request__init) { message, arena in
            unsafe message.job = arena.string(job)
        }
    }
}

/// What it answers.
public struct CancelReply: Message {
    /// Whether the job was queued or running.
    public var known: Bool

    public init(known: Bool) { self.known = known }

    public init(_ bytes: [UInt8]) throws(WireError) {
        known = try unsafe unpacking(bytes, with: voken__v1__cancel_reply__unpack) {
            message throws(WireError) in
            unsafe message.known != 0
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__cancel_reply__init) { message, _ in
            unsafe message.known = known ? 1 : 0
        }
    }
}

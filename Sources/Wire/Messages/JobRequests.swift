internal import CProtobufC

/// What `voken.v1.Generation/GetJob` takes.
public struct GetJobRequest: Message {
    public var job: String

    public init(job: String) {
        self.job = job
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__get_job_request__unpack) {
            message throws(WireError) in
            unsafe GetJobRequest(job: try validText(message.job, "job", limit: TextLimit.id))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__get_job_request__init) { message, arena in
            unsafe message.job = arena.string(job)
        }
    }
}

/// What `voken.v1.Generation/ListJobs` takes.
public struct ListJobsRequest: Message {
    /// Whether to name those that have ended too, as far as they are kept.
    public var ended: Bool

    public init(ended: Bool = false) {
        self.ended = ended
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__list_jobs_request__unpack) {
            message throws(WireError) in
            unsafe ListJobsRequest(ended: message.ended != 0)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__list_jobs_request__init) { message, _ in
            unsafe message.ended = ended ? 1 : 0
        }
    }
}

/// What it answers.
public struct ListJobsReply: Message {
    /// Those that run, those that wait in their order, those that have ended, the last first.
    public var jobs: [JobInfo]

    public init(jobs: [JobInfo]) {
        self.jobs = jobs
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(
            bytes, with: voken__v1__list_jobs_reply__unpack, growth: listGrowth
        ) {
            message throws(WireError) in
            unsafe ListJobsReply(
                jobs: try elements(message.jobs, message.n_jobs) { part throws(WireError) in
                    try unsafe JobInfo(part)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__list_jobs_reply__init) { message, arena in
            unsafe message.n_jobs = jobs.count
            unsafe message.jobs = arena.list(jobs) { unsafe $0.packed(&$1) }
        }
    }
}

/// What `voken.v1.Generation/GetArtifact` takes.
public struct GetArtifactRequest: Message {
    public var job: String
    /// From 1.
    public var image: Int

    public init(job: String, image: Int) {
        self.job = job
        self.image = image
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__get_artifact_request__unpack) {
            message throws(WireError) in
            unsafe GetArtifactRequest(
                job: try validText(message.job, "job", limit: TextLimit.id),
                image: Int(message.image))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__get_artifact_request__init) { message, arena in
            unsafe message.job = arena.string(job)
            unsafe message.image = UInt32(clamping: image)
        }
    }
}

/// One message of the stream that `voken.v1.Generation/GetArtifact` answers.
public struct ArtifactPart: StreamEvent {
    public var data: [UInt8]
    /// Of the whole file, in lower-case hexadecimal digits: in the last part alone.
    public var sha256: String

    public init(data: [UInt8], sha256: String = "") {
        self.data = data
        self.sha256 = sha256
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__artifact_part__unpack) {
            message throws(WireError) in
            unsafe ArtifactPart(
                data: [UInt8](message.data),
                sha256: try validText(message.sha256, "sha256", limit: TextLimit.name))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__artifact_part__init) { message, arena in
            unsafe message.data = arena.bytes(data)
            unsafe message.sha256 = arena.string(sha256)
        }
    }

    public static var hasEnd: Bool { true }
    public var isEnd: Bool { !sha256.isEmpty }
}

internal import CProtobufC

/// Where a job is, or was when it ended; zeros for what has not begun.
public struct JobProgress: Sendable, Equatable {
    public var scene: Int
    public var scenes: Int
    /// Sampled, over the whole job.
    public var tokens: Int
    /// That is being made, or was made last.
    public var image: Int
    /// Calls of the UNet done for it, of ``steps``.
    public var step: Int
    public var steps: Int

    public init(
        scene: Int = 0, scenes: Int = 0, tokens: Int = 0, image: Int = 0, step: Int = 0,
        steps: Int = 0
    ) {
        self.scene = scene
        self.scenes = scenes
        self.tokens = tokens
        self.image = image
        self.step = step
        self.steps = steps
    }

    init(_ message: Voken__V1__Progress) {
        unsafe self.init(
            scene: Int(message.scene), scenes: Int(message.scenes), tokens: Int(message.tokens),
            image: Int(message.image), step: Int(message.step), steps: Int(message.steps))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Progress>? {
        unsafe arena.message(voken__v1__progress__init) { message, _ in
            unsafe message.scene = UInt32(clamping: scene)
            unsafe message.scenes = UInt32(clamping: scenes)
            unsafe message.tokens = UInt32(clamping: tokens)
            unsafe message.image = UInt32(clamping: image)
            unsafe message.step = UInt32(clamping: step)
            unsafe message.steps = UInt32(clamping: steps)
        }
    }
}

/// One job, as `Submit`, `GetJob` and `ListJobs` of `voken.v1.Generation` describe it.
public struct JobInfo: Message {
    public var job: String
    public var state: JobState
    /// Of the client.
    public var uid: Int
    /// Empty but for turns of one.
    public var session: String
    public var priority: Int
    /// 0 until it has started.
    public var generation: Int
    public var progress: JobProgress
    /// For people: `scene 2 of 4`, `image 1, step 12 of 25`.
    public var position: String
    /// Jobs that begin before this one, while it waits, as things are.
    public var ahead: Int
    public var submittedUnixMilliseconds: Int
    public var waitedMilliseconds: Int
    public var ranMilliseconds: Int
    /// An estimate, from the steps done; 0 if nothing can be said.
    public var leftMilliseconds: Int
    /// Of the last event so far.
    public var lastSeq: UInt64
    public var onDisconnect: OnDisconnect
    public var watchers: Int
    /// Pictures that are done.
    public var images: Int
    /// Why it ended, if it failed or was cancelled.
    public var failure: Event.Failed?

    public init(
        job: String, state: JobState, uid: Int, session: String, priority: Int, generation: Int,
        progress: JobProgress, position: String, ahead: Int, submittedUnixMilliseconds: Int,
        waitedMilliseconds: Int, ranMilliseconds: Int, leftMilliseconds: Int, lastSeq: UInt64,
        onDisconnect: OnDisconnect, watchers: Int, images: Int, failure: Event.Failed?
    ) {
        self.job = job
        self.state = state
        self.uid = uid
        self.session = session
        self.priority = priority
        self.generation = generation
        self.progress = progress
        self.position = position
        self.ahead = ahead
        self.submittedUnixMilliseconds = submittedUnixMilliseconds
        self.waitedMilliseconds = waitedMilliseconds
        self.ranMilliseconds = ranMilliseconds
        self.leftMilliseconds = leftMilliseconds
        self.lastSeq = lastSeq
        self.onDisconnect = onDisconnect
        self.watchers = watchers
        self.images = images
        self.failure = failure
    }

    init(_ message: Voken__V1__JobInfo) throws(WireError) {
        unsafe self.init(
            job: try validText(message.job, "job", limit: TextLimit.id),
            state: JobState(message.state), uid: Int(message.uid),
            session: try validText(message.session, "session", limit: TextLimit.id),
            priority: Int(message.priority), generation: Int(message.generation),
            progress: try part(message.progress) { unsafe JobProgress($0) } ?? JobProgress(),
            position: try validText(message.position, "position", limit: TextLimit.name),
            ahead: Int(message.ahead),
            submittedUnixMilliseconds: Int(clamping: message.submitted_unix_ms),
            waitedMilliseconds: Int(clamping: message.waited_ms),
            ranMilliseconds: Int(clamping: message.ran_ms),
            leftMilliseconds: Int(clamping: message.left_ms), lastSeq: message.last_seq,
            onDisconnect: OnDisconnect(message.on_disconnect) ?? .byDefault,
            watchers: Int(message.watchers), images: Int(message.images),
            failure: try part(message.failure) { part throws(WireError) in
                try unsafe Event.Failed(part)
            })
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__JobInfo>? {
        unsafe arena.message(voken__v1__job_info__init) { unsafe fill(&$0, &$1) }
    }

    private func fill(_ message: inout Voken__V1__JobInfo, _ arena: inout Arena) {
        unsafe message.job = arena.string(job)
        unsafe message.state = state.packed
        unsafe message.uid = UInt32(clamping: uid)
        unsafe message.session = arena.string(session)
        unsafe message.priority = Int32(clamping: priority)
        unsafe message.generation = UInt32(clamping: generation)
        unsafe message.progress = progress.packed(&arena)
        unsafe message.position = arena.string(position)
        unsafe message.ahead = UInt32(clamping: ahead)
        unsafe message.submitted_unix_ms = UInt64(clamping: submittedUnixMilliseconds)
        unsafe message.waited_ms = UInt64(clamping: waitedMilliseconds)
        unsafe message.ran_ms = UInt64(clamping: ranMilliseconds)
        unsafe message.left_ms = UInt64(clamping: leftMilliseconds)
        unsafe message.last_seq = lastSeq
        unsafe message.on_disconnect = onDisconnect.packed
        unsafe message.watchers = UInt32(clamping: watchers)
        unsafe message.images = UInt32(clamping: images)
        unsafe message.failure = failure?.packed(&arena)
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__job_info__unpack) {
            message throws(WireError) in try unsafe JobInfo(message)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__job_info__init) { unsafe fill(&$0, &$1) }
    }
}

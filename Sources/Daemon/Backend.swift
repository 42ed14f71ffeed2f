public import Pipelines

/// What the server serves.
///
/// `generate` is called from a thread that may work, one call at a time. The others are called
/// from the server's loop: they must return at once.
public protocol Backend: Sendable {
    /// Checks a request and queues it as a job.
    ///
    /// - Parameter events: called from any thread, one call after the other, from `accepted` to
    ///   `finished` or `failed`; maybe before this returns. It does not block.
    /// - Returns: the job's id.
    /// - Throws: why the request is refused; then there are no events.
    func generate(
        _ request: StoryRequest, events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> String

    /// Stops a job within one step; a `failed` event of code `cancelled` follows.
    ///
    /// - Returns: whether it was queued or running.
    func cancel(job: String) -> Bool

    func status() -> BackendStatus
}

/// What a backend says of itself.
public struct BackendStatus: Sendable, Equatable {
    public struct Stage: Sendable, Equatable {
        public var kind: String
        /// In the pipeline.
        public var name: String
        public var plugin: String
        public var version: String
        /// SHA-256 of its weights, in lower-case hexadecimal digits; empty if it has none.
        public var weightsSHA256: String
        /// SHA-256 of the plugin's file.
        public var fileSHA256: String

        public init(
            kind: String, name: String, plugin: String, version: String, weightsSHA256: String,
            fileSHA256: String
        ) {
            self.kind = kind
            self.name = name
            self.plugin = plugin
            self.version = version
            self.weightsSHA256 = weightsSHA256
            self.fileSHA256 = fileSHA256
        }
    }

    public var pipeline: String
    public var generation: Int
    public var stages: [Stage]
    /// Jobs that wait, run, have finished and have failed.
    public var queued: Int
    public var running: Int
    public var finished: Int
    public var failed: Int

    public init(
        pipeline: String, generation: Int, stages: [Stage], queued: Int, running: Int,
        finished: Int, failed: Int
    ) {
        self.pipeline = pipeline
        self.generation = generation
        self.stages = stages
        self.queued = queued
        self.running = running
        self.finished = finished
        self.failed = failed
    }
}

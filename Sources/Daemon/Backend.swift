public import Pipelines
public import PluginHost
public import Stages

/// What the server serves.
///
/// `generate`, `send`, `validate` and `offers` are called from a thread that may work, one call at a
/// time. The others are called from the server's loop: they must return at
/// once.
public protocol Backend: Sendable {
    /// Checks a request and queues it as a job.
    ///
    /// - Parameter events: called from any thread, one call after the other, from `accepted` to
    ///   `finished` or `failed`; maybe before this returns. It does not block.
    /// - Throws: why the request is refused; then there are no events.
    func generate(
        _ request: StoryRequest, _ terms: JobTerms,
        events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> any JobHandle

    /// The same for a turn of a session.
    func send(
        _ turn: TurnRequest, to session: String, _ terms: JobTerms,
        events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> any JobHandle

    /// `nil` if it keeps none.
    var sessions: SessionStore? { get }

    /// Begins to change what serves.
    ///
    /// - Parameter events: called from any thread, one call after the other, to `finished` or
    ///   `failed`.
    func swap(
        _ order: SwapOrder, drain: DrainPolicy, events: @escaping @Sendable (SwapEvent) -> Void)

    /// Checks the text of a pipeline file without loading anything.
    /// - Parameter path: where its relative paths start from.
    func validate(text: String, path: String) -> PipelineReview

    /// Writes down what serves, for another process that is to serve the same. It may work.
    func writeDown() throws

    /// Keeps in mind that a swap was refused before it came here.
    func note(_ failure: SwapError)

    /// Whether a change of what serves is being prepared.
    var isSwapping: Bool { get }

    /// The number of the generation that new requests are admitted with.
    var generation: Int { get }

    func status() -> BackendStatus

    /// The pipeline that serves, as a file would say it.
    var pipeline: PipelineText { get }

    /// Stages that could serve. It may work.
    func offers() -> [Offer]

    /// The calls of stages since the start.
    var stageCounters: [StageKind: StageCounter] { get }
    var promptCache: PromptCacheCounters { get }
}

/// A job that was queued.
public protocol JobHandle: Sendable {
    /// Different for each job of a backend.
    var id: String { get }
    /// Where it is, or was when it ended; for people: `image 1, step 12 of 25`.
    var progress: JobProgress { get }
    var position: String { get }
    /// Jobs that begin before it, while it waits.
    var ahead: Int { get }

    /// Stops it within one step; a `failed` event of code `cancelled` follows, unless it has ended.
    func cancel()
}

/// What a backend says of itself.
public struct BackendStatus: Sendable, Equatable {
    /// That are in memory, the serving one first.
    public var generations: [GenerationStatus]
    /// Jobs that wait, run, have finished, have failed and were cancelled.
    public var queued = 0
    public var running = 0
    public var finished = 0
    public var failed = 0
    public var cancelled = 0
    /// Plugin images that are mapped, and the address space that they take.
    public var images = 0
    public var imageBytes = 0
    /// What is on the ledger, in bytes.
    public var ledgerBytes = 0
    public var lastSwapFailure: SwapError?

    public init(generations: [GenerationStatus]) { self.generations = generations }

    var pipeline: String { generations.first?.pipeline ?? "" }
    var generation: Int { generations.first?.number ?? 0 }
}

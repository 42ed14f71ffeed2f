internal import Checkpoints
public import Pipelines
public import PluginHost
public import Stages

/// Serves the stories of an engine, and swaps its stages.
public final class EngineBackend: Backend {
    private let engine: Engine
    private let swapper: Swapper
    private let host: PluginHost

    /// - Parameters:
    ///   - swapper: of this engine.
    ///   - host: where its plugins come from.
    public init(_ engine: Engine, _ swapper: Swapper, _ host: PluginHost) {
        self.engine = engine
        self.swapper = swapper
        self.host = host
    }

    public func generate(
        _ request: StoryRequest, _ terms: JobTerms,
        events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> any JobHandle {
        EngineJob(job: try engine.submit(request, terms: terms, events: events), engine: engine)
    }

    public func send(
        _ turn: TurnRequest, to session: String, _ terms: JobTerms,
        events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> any JobHandle {
        EngineJob(
            job: try engine.submit(turn, session: session, terms: terms, events: events),
            engine: engine)
    }

    public var sessions: SessionStore? { engine.sessions }

    public func swap(
        _ order: SwapOrder, drain: DrainPolicy, events: @escaping @Sendable (SwapEvent) -> Void
    ) {
        swapper.perform(order, drain: drain, events: events)
    }

    public func validate(text: String, path: String) -> PipelineReview {
        swapper.review(text: text, path: path)
    }

    public func writeDown() throws { try swapper.writeDown() }

    public func note(_ failure: SwapError) { swapper.note(failure) }

    public var isSwapping: Bool { swapper.isPreparing }

    public var generation: Int { engine.status.generation }

    public func status() -> BackendStatus {
        let engine = engine.status
        let mapped = host.mapped
        var status = BackendStatus(generations: swapper.generations)
        status.queued = engine.waiting
        status.running = engine.running.count
        status.finished = engine.finished
        status.failed = engine.failed
        status.cancelled = engine.cancelled
        status.images = mapped.images
        status.imageBytes = mapped.bytes
        status.ledgerBytes = swapper.memoryUse.total + self.engine.arenaCounts.byteCount
        status.lastSwapFailure = swapper.lastFailure
        return status
    }

    public var pipeline: PipelineText { swapper.pipelineText }

    public func offers() -> [Offer] { swapper.offers() }

    public var stageCounters: [StageKind: StageCounter] { engine.stageCounters }
    public var promptCache: PromptCacheCounters { engine.promptCache }
}

private struct EngineJob: JobHandle {
    let job: Job
    let engine: Engine

    var id: String { job.id }
    var progress: JobProgress { job.progress }
    var position: String { job.position }
    var ahead: Int { engine.jobsAhead(of: job) }

    func cancel() { job.cancel() }
}

public import Pipelines
public import PluginHost
import Synchronization

/// Serves the stories of an engine, and swaps its stages.
public final class EngineBackend: Backend {
    private struct Jobs {
        var live: [String: Job] = [:]
        /// Jobs that ended before `submit` had returned them.
        var endedEarly: Set<String> = []
    }

    private let engine: Engine
    private let swapper: Swapper
    private let host: PluginHost
    private let jobs = Mutex(Jobs())

    /// - Parameters:
    ///   - swapper: of this engine.
    ///   - host: where its plugins come from.
    public init(_ engine: Engine, _ swapper: Swapper, _ host: PluginHost) {
        self.engine = engine
        self.swapper = swapper
        self.host = host
    }

    public func generate(
        _ request: StoryRequest, events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> String {
        let id = Mutex("")
        let job = try engine.submit(request) { [weak self] event in
            switch event {
            case .accepted(let job, _): id.withLock { $0 = job }
            case .finished, .failed: self?.forget(id.withLock { $0 })
            default: break
            }
            events(event)
        }
        jobs.withLock { jobs in
            if jobs.endedEarly.remove(job.id) == nil { jobs.live[job.id] = job }
        }
        return job.id
    }

    public func cancel(job id: String) -> Bool {
        guard let job = jobs.withLock({ $0.live[id] }) else { return false }
        job.cancel()
        return true
    }

    public func swap(
        _ order: SwapOrder, drain: DrainPolicy, events: @escaping @Sendable (SwapEvent) -> Void
    ) {
        swapper.perform(order, drain: drain, events: events)
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
        status.ledgerBytes = swapper.memoryUse.total
        status.lastSwapFailure = swapper.lastFailure
        return status
    }

    private func forget(_ id: String) {
        jobs.withLock { jobs in
            if jobs.live.removeValue(forKey: id) == nil { jobs.endedEarly.insert(id) }
        }
    }
}

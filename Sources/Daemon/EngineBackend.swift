public import Pipelines
import Synchronization

/// Serves the stories of an engine.
public final class EngineBackend: Backend {
    private struct Jobs {
        var live: [String: Job] = [:]
        /// Jobs that ended before `submit` had returned them.
        var endedEarly: Set<String> = []
    }

    private let engine: Engine
    private let generation: Generation
    private let jobs = Mutex(Jobs())

    /// - Parameter generation: what `engine` runs.
    public init(_ engine: Engine, _ generation: Generation) {
        self.engine = engine
        self.generation = generation
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

    public func status() -> BackendStatus {
        let engine = engine.status
        return BackendStatus(
            pipeline: generation.file.name, generation: generation.number,
            stages: generation.stages.map(BackendStatus.Stage.init), queued: engine.waiting,
            running: engine.running == nil ? 0 : 1, finished: engine.finished,
            failed: engine.failed + engine.cancelled)
    }

    private func forget(_ id: String) {
        jobs.withLock { jobs in
            if jobs.live.removeValue(forKey: id) == nil { jobs.endedEarly.insert(id) }
        }
    }
}

extension BackendStatus.Stage {
    fileprivate init(_ stage: StageSummary) {
        self.init(
            kind: stage.kind.rawValue, name: stage.name, plugin: stage.plugin,
            version: stage.version, weightsSHA256: stage.weightsHash ?? "",
            fileSHA256: stage.pluginHash)
    }
}

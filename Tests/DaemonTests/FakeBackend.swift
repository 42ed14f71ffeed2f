import Daemon
import Dispatch
import Glibc
import Pipelines
import PluginHost
import Stages
import Synchronization

/// An engine that tells the prompt back, word by word, on a thread of its own, or as a test says.
final class FakeBackend: Backend {
    enum Behaviour: Sendable {
        /// The words of the prompt as text, an image of as many bytes, the end.
        case tell(imageCount: Int)
        /// Starts, and says nothing more until cancelled.
        case wait
        /// Tells steps without end until cancelled.
        case flood
        case refuse(RequestError)
        case fail(RequestError)
    }

    private struct State {
        var behaviour: Behaviour
        var count = 0
        var running: [String: @Sendable (StoryEvent) -> Void] = [:]
        var requests: [StoryRequest] = []
        var terms: [JobTerms] = []
        var cancelled: [String] = []
        var swaps: [(SwapOrder, DrainPolicy)] = []
        var lastFailure = SwapError(.probe, code: "load_hung", "no answer")
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "fake engine", attributes: .concurrent)
    /// Signalled at each cancel of a job that runs.
    let cancels = DispatchSemaphore(value: 0)

    init(_ behaviour: Behaviour) { state = Mutex(State(behaviour: behaviour)) }

    var swaps: [(SwapOrder, DrainPolicy)] { state.withLock { $0.swaps } }
    var requests: [StoryRequest] { state.withLock { $0.requests } }
    var terms: [JobTerms] { state.withLock { $0.terms } }
    var runningCount: Int { state.withLock { $0.running.count } }

    func become(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }

    func generate(
        _ request: StoryRequest, _ terms: JobTerms,
        events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> any JobHandle {
        let (behaviour, job) = state.withLock { state in
            state.count += 1
            state.requests.append(request)
            state.terms.append(terms)
            return (state.behaviour, "job-\(state.count)")
        }
        if case .refuse(let error) = behaviour { throw error }
        state.withLock { $0.running[job] = events }
        // As the engine does: before the id is returned.
        events(.accepted(job: job, ahead: 0))
        queue.async { [self] in run(behaviour, job, request, events) }
        return Handle(id: job, backend: self)
    }

    private struct Handle: JobHandle {
        let id: String
        let backend: FakeBackend

        var progress: JobProgress { JobProgress() }
        var position: String { "somewhere" }
        var ahead: Int { 2 }

        func cancel() { backend.cancel(job: id) }
    }

    var sessions: SessionStore? { nil }

    func send(
        _ turn: TurnRequest, to session: String, _ terms: JobTerms,
        events: @escaping @Sendable (StoryEvent) -> Void
    ) throws(RequestError) -> any JobHandle {
        throw RequestError(.noSession, "no sessions here")
    }

    private func run(
        _ behaviour: Behaviour, _ job: String, _ request: StoryRequest,
        _ events: @Sendable (StoryEvent) -> Void
    ) {
        events(.started(generation: 3, seed: request.seed ?? 1))
        switch behaviour {
        case .tell(let imageCount):
            for word in request.prompt.split(separator: " ") { events(.text("\(word) ")) }
            let png = (0..<imageCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            events(
                .imageFinished(
                    StoryImage(
                        index: 1, width: 64, height: 48, png: png, sha256: "00ff",
                        recipe: [RecipeEntry(key: "seed", value: "1")])))
            end(job, .finished(StorySummary(scenes: 1, images: 1, tokens: 9, milliseconds: 5)))
        case .fail(let error): end(job, .failed(error))
        case .flood:
            var step = 0
            while state.withLock({ $0.running[job] != nil }) {
                for _ in 0..<50 {
                    step += 1
                    events(.step(image: 1, step: step, of: 1 << 30))
                }
                usleep(100)
            }
        case .wait, .refuse: break
        }
    }

    private func end(_ job: String, _ event: StoryEvent) {
        state.withLock { $0.running.removeValue(forKey: job) }?(event)
    }

    private func cancel(job: String) {
        guard let events = state.withLock({ $0.running.removeValue(forKey: job) }) else { return }
        cancels.signal()
        queue.async { events(.failed(RequestError(.cancelled, "cancelled"))) }
    }

    func swap(
        _ order: SwapOrder, drain: DrainPolicy, events: @escaping @Sendable (SwapEvent) -> Void
    ) {
        state.withLock { $0.swaps.append((order, drain)) }
        queue.async {
            events(.change(key: "stage.unet.model", before: "\"a\"", after: nil))
            events(
                .phase(.probe, stage: "stage.unet", detail: "checked", .microseconds(1500)))
            if case .rollback = order {
                return events(.failed(SwapError(.request, .notKept, "generation 9 is not kept")))
            }
            events(
                .committed(
                    SwapCommit(
                        generation: 4, previous: 3, duration: .microseconds(7), holders: 1)))
            var result = SwapResult()
            result.isCommitted = true
            result.returnedPrivate = 17
            result.holders = [Holder(job: "job-1", generation: 3, position: "waiting")]
            events(.finished(result))
        }
    }

    func validate(text: String, path: String) -> PipelineReview {
        PipelineReview(
            problems: text.isEmpty
                ? [] : [.init(line: 2, code: "bad_setting", message: "\(text) in \(path)")],
            changes: [.init(key: "stage.unet.model", before: "\"a\"", after: nil)])
    }

    func offers() -> [Offer] {
        [
            Offer(kind: .unet, name: "u", file: "/p/libu.so"),
            Offer(kind: .vae, name: "v", file: "/p/libv.so"),
        ]
    }

    var pipeline: PipelineText {
        PipelineText(name: "fake", path: "/p/fake.toml", generation: 3, text: "format = 1\n")
    }

    var stageCounters: [StageKind: StageCounter] { [.unet: StageCounter()] }
    var promptCache: PromptCacheCounters { PromptCacheCounters(bytes: 4096, asked: 9, reused: 4) }

    var generation: Int { 3 }
    func writeDown() throws {}
    func note(_ failure: SwapError) { state.withLock { $0.lastFailure = failure } }
    var isSwapping: Bool { false }

    func status() -> BackendStatus {
        let unet = GenerationStatus.Stage(
            StageSummary(
                kind: .unet, name: "u", version: "1", plugin: "Echo", pluginHash: "bb",
                weightsHash: "aa", options: ["order": .integer(3)]),
            since: 2,
            memory: StageMemory(
                weightsMapped: 1, weightsPrivate: 2, caches: 3, activationsPeak: 4))
        var status = BackendStatus(generations: [
            GenerationStatus(
                number: 3, pipeline: "fake", state: .serving, holders: [], stages: [unet],
                ownUse: MemoryUse())
        ])
        status.running = runningCount
        status.finished = 4
        status.failed = 5
        status.images = 6
        status.lastSwapFailure = state.withLock(\.lastFailure)
        return status
    }
}

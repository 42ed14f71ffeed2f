import Dispatch
public import PluginHost
import Synchronization
import Tensors

/// What a swap is asked for.
public enum SwapOrder: Sendable, Equatable {
    /// Replaces one stage.
    case change(StageChange)
    /// Serves by another pipeline file: all stages that differ, or none.
    /// - Parameter path: absolute; where relative paths in `text` start from.
    case apply(text: String, path: String, isDryRun: Bool)
    /// Serves with a generation that is kept; `nil` for the one that served before.
    case rollback(to: Int?)
}

/// Replaces stages of an engine while it runs.
///
/// A new generation is prepared beside the one that serves: its plugins' files checked, probed in
/// a child process and mapped, its stages made and tested, alone and with their neighbours. Then
/// it is written down, and published by one exchange of a pointer. Whatever fails before leaves
/// everything as it was. Requests keep the generation that they were admitted with; what nobody
/// holds any more is let go, but for those that are kept for a rollback.
///
/// One swap is prepared at a time, on a thread of its own; swaps that wait for the requests of the
/// generation they replaced do not keep others from it.
public final class Swapper: Sendable {
    let engine: Engine
    let host: PluginHost
    let options: SwapOptions
    private let store: GenerationStore?
    /// Takes what a swap did; lines of the stages themselves go to `stageLog`.
    private let log: @Sendable (String) -> Void
    private let stageLog: @Sendable (String) -> Void
    private let loading = DispatchQueue(label: "voken-swap")
    private let bookkeeping = DispatchQueue(label: "voken-generations", qos: .utility)
    private let shelf: Mutex<GenerationShelf>
    private let failure = Mutex<SwapError?>(nil)
    private let waiting = Atomic<Int>(0)
    private let isReturning = Atomic<Bool>(false)
    /// Handing free memory back to the system takes milliseconds: for less, it is done later, once
    /// for all that was let go meanwhile.
    private static let worthReturningAtOnce = 1 << 20
    private static let returnDelay = DispatchTimeInterval.milliseconds(100)

    /// - Parameters:
    ///   - store: where the generation that serves is written down; `nil` for nowhere.
    ///   - options: of the pipeline file that the program was started with. Files that are
    ///     applied later do not change them.
    ///   - lastNumber: the highest that was given to a generation, if that is not the one that
    ///     serves.
    ///   - log: takes a line for each swap.
    ///   - stageLog: takes the lines that stages write while they load.
    public init(
        _ engine: Engine, host: PluginHost, options: SwapOptions, store: GenerationStore? = nil,
        lastNumber: Int = 0, log: @escaping @Sendable (String) -> Void = { _ in },
        stageLog: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.engine = engine
        self.host = host
        self.options = options
        self.store = store
        self.log = log
        self.stageLog = stageLog
        shelf = Mutex(
            GenerationShelf(
                engine.generation, keeping: options.keptGenerations, lastNumber: lastNumber))
        engine.onRelease { [weak self] _ in
            guard let self else { return }
            bookkeeping.async { self.collect() }
        }
    }

    /// The last swap that failed.
    public var lastFailure: SwapError? { failure.withLock { $0 } }

    /// Whether a swap is being prepared, or waits for that.
    public var isPreparing: Bool { waiting.load(ordering: .relaxed) > 0 }

    /// Begins a swap.
    /// - Parameter events: called from any thread, one call after the other.
    public func perform(
        _ order: SwapOrder, drain: DrainPolicy = DrainPolicy(),
        events: @escaping @Sendable (SwapEvent) -> Void
    ) {
        guard options.isEnabled else {
            return fail(
                SwapError(
                    .request, .disabled, "this daemon's pipeline file says swap.enabled = false"),
                events)
        }
        let before = waiting.wrappingAdd(1, ordering: .relaxed).oldValue
        guard before <= options.queue else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            return fail(
                SwapError(
                    .queue, .busy, "\(before) swaps are under way or wait; try again later"), events
            )
        }
        loading.async { [self] in
            defer { waiting.wrappingSubtract(1, ordering: .relaxed) }
            do throws(SwapError) {
                try run(order, drain, events)
            } catch {
                fail(error, events)
            }
        }
    }

    /// Writes down what serves, for another process that is to serve the same: it need not be what
    /// was committed last, if that could not be restored.
    public func writeDown() throws {
        try loading.sync {
            try store?.save(engine.generation, lastNumber: shelf.withLock(\.lastNumber))
        }
    }

    /// Keeps a request in mind that was refused before it came here.
    public func note(_ error: SwapError) {
        failure.withLock { $0 = error }
        log("swap failed in \(error.phase.rawValue) (\(error.code)): \(error)")
    }

    /// Checks the text of a pipeline file, and compares it with what serves; makes no stage.
    /// - Parameter path: where relative paths in the text start from.
    public func review(text: String, path: String) -> PipelineReview {
        PipelineReview(text: text, path: path, serving: engine.generation, host: host)
    }

    /// The pipeline that serves.
    public var pipelineText: PipelineText { PipelineText(engine.generation) }

    /// Stages that could serve.
    public func offers() -> [Offer] {
        host.offers(searching: engine.generation.file.pluginFolders)
    }

    private func fail(_ error: SwapError, _ events: (SwapEvent) -> Void) {
        note(error)
        events(.failed(error))
    }

    private func run(
        _ order: SwapOrder, _ drain: DrainPolicy, _ events: @escaping @Sendable (SwapEvent) -> Void
    ) throws(SwapError) {
        guard engine.status.isAccepting else {
            throw SwapError(.request, .shuttingDown, "the daemon is shutting down")
        }
        let generation: Generation
        switch order {
        case .rollback(let number):
            generation = try shelf.withLock { shelf throws(SwapError) in try shelf.kept(number) }
        case .change, .apply:
            try requireRoom()
            let preparation = Preparation(
                serving: engine.generation, number: shelf.withLock { $0.nextNumber },
                checks: options.checks, host: host, log: stageLog, events: events)
            guard let prepared = try preparation.generation(for: order) else {
                return events(.finished(SwapResult()))
            }
            generation = prepared
        }
        try persist(generation, events)
        let commit = commit(generation)
        log("generation \(commit.generation) serves in place of \(commit.previous)")
        let returned = shelf.withLock(\.returned)
        events(.committed(commit))
        whenDrained(commit.previous, drain) { [self] result in
            var result = result
            collect()
            shelf.withLock { shelf in
                result.returnedPrivate = shelf.returned.privateBytes - returned.privateBytes
                result.returnedMapped = shelf.returned.mappedBytes - returned.mappedBytes
                result.isKept = shelf.isKept(commit.previous)
            }
            events(.finished(result))
        }
    }

    private func requireRoom() throws(SwapError) {
        let count = shelf.withLock { $0.countInUse { engine.isHeld($0) } }
        guard count >= options.maximumGenerations else { return }
        let holders = Set(engine.holders.map(\.job)).sorted().joined(separator: ", ")
        throw SwapError(
            .request, .draining,
            "\(count) generations are in use, held by \(holders): wait for these requests, or "
                + "raise swap.max_generations")
    }

    /// Before the exchange: a program that is killed in between starts again with the new
    /// generation, which has passed all checks; one that is killed earlier, with the old.
    private func persist(
        _ generation: Generation, _ events: (SwapEvent) -> Void
    ) throws(SwapError) {
        guard let store else { return }
        let start = ContinuousClock.now
        do {
            try store.save(
                generation, lastNumber: max(generation.number, shelf.withLock(\.lastNumber)))
        } catch {
            throw SwapError(.persist, .host, "\(error)")
        }
        events(.phase(.persist, stage: nil, detail: store.path, ContinuousClock.now - start))
    }

    private func commit(_ generation: Generation) -> SwapCommit {
        let start = ContinuousClock.now
        let previous = shelf.withLock { shelf in
            engine.publish(generation)
            return shelf.serve(generation)
        }
        let duration = ContinuousClock.now - start
        return SwapCommit(
            generation: generation.number, previous: previous, duration: duration,
            holders: engine.holders.count { $0.generation == previous })
    }
}

// MARK: - Draining

extension Swapper {
    /// Calls `done` once no request holds a generation, or when the time is up.
    private func whenDrained(
        _ generation: Int, _ policy: DrainPolicy, _ done: @escaping @Sendable (SwapResult) -> Void
    ) {
        let start = ContinuousClock.now
        let wait = DrainWait(generation: generation) { [self] isDrained in
            if !isDrained, policy.cancels { engine.cancelJobs(of: generation) }
            var result = SwapResult()
            result.isCommitted = true
            result.isDrained = isDrained
            result.drainTime = ContinuousClock.now - start
            if !isDrained {
                result.holders = engine.holders.filter { $0.generation == generation }
            }
            done(result)
        }
        guard engine.isHeld(generation), policy.timeout > .zero else {
            return bookkeeping.async { [engine] in
                wait.end(isDrained: !engine.isHeld(generation))
            }
        }
        shelf.withLock { $0.waits.append(wait) }
        // The last request may have gone since it was looked for.
        bookkeeping.async { [self] in collect() }
        let nanoseconds = Int(clamping: Int64(policy.timeout / .nanoseconds(1)))
        bookkeeping.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [weak wait] in
            wait?.end(isDrained: false)
        }
    }

    /// Lets go of the generations that nobody holds, and tells who waits for that.
    private func collect() {
        let waits = shelf.withLock { $0.takeWaits { !engine.isHeld($0) } }
        if let bytes = letGo() { returnMemory(bytes) }
        for wait in waits { wait.end(isDrained: true) }
    }

    /// - Returns: the private memory that was freed; `nil` if there was nothing to let go of.
    private func letGo() -> Int? {
        let (generations, use) = shelf.withLock { $0.takeReleased { !engine.isHeld($0) } }
        return generations.isEmpty ? nil : use.privateBytes
    }

    /// What is not on the ledger (vocabularies, settings) is freed too, so little may be much.
    private func returnMemory(_ bytes: Int) {
        guard bytes < Self.worthReturningAtOnce else { return MemoryAccount.returnFreeMemory() }
        guard !isReturning.exchange(true, ordering: .relaxed) else { return }
        bookkeeping.asyncAfter(deadline: .now() + Self.returnDelay) { [self] in
            isReturning.store(false, ordering: .relaxed)
            MemoryAccount.returnFreeMemory()
        }
    }
}

// MARK: - Status

extension Swapper {
    /// All generations that are in memory: the serving one first, then by falling number.
    public var generations: [GenerationStatus] {
        let holders = engine.holders
        return shelf.withLock { $0.status(holders) }
    }

    /// What is on the ledger, over all generations.
    public var memoryUse: MemoryUse { shelf.withLock(\.use) }
}

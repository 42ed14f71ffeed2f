internal import EventLoop
internal import Pipelines
internal import Stages
internal import Wire

// The calls that change what serves. They go on if their client goes.
extension ServerSession {
    func swap(_ request: SwapRequest, _ call: Call) {
        do throws(SwapError) {
            perform(.change(try StageChange(request)), request.drain, call)
        } catch {
            refuse(error, call)
        }
    }

    func apply(_ request: ApplyRequest, _ call: Call) {
        let order = SwapOrder.apply(
            text: request.text, path: request.path, isDryRun: request.dryRun)
        do throws(SwapError) {
            try requireAbsolute(request.path, "path")
            perform(order, request.drain, call)
        } catch {
            refuse(error, call)
        }
    }

    func rollback(_ request: RollbackRequest, _ call: Call) {
        perform(
            .rollback(to: request.generation == 0 ? nil : request.generation), request.drain, call)
    }

    private func perform(_ order: SwapOrder, _ drain: Wire.DrainPolicy?, _ call: Call) {
        let stream = call.stream
        guard !core.isUpgrading else {
            return refuse(
                SwapError(.request, .busy, "an upgrade is under way: try again when it has ended"),
                call)
        }
        let swap = SwapCall(order.cause)
        swaps[stream] = swap
        whenAbandoned(stream) { [unowned self] in swaps[stream] = nil }  // what has begun goes on
        let handler = LoopBound((self, swap), to: core.loop)
        core.logger.notice("swap asked for", metadata: ["order": "\(order.name)"])
        core.backend.swap(
            order, drain: DrainPolicy(drain)
        ) { [loop = core.loop, backend = core.backend] event in
            let generation = backend.generation
            loop.execute {
                let (session, swap) = handler.value
                session.note(event, of: swap)
                guard session.swaps[stream] === swap else { return }
                session.deliver(event, stream, generation: generation)
                session.settle()
            }
        }
    }

    /// Those who watch the pipeline are told, whether or not the caller is still there.
    private func note(_ event: Pipelines.SwapEvent, of swap: SwapCall) {
        switch event {
        case .change(let key, let before, let after):
            swap.changes.append(.init(key: key, before: before ?? "", after: after ?? ""))
        case .committed(let commit):
            core.didCommit(commit, cause: swap.cause, swap.changes)
        case .phase, .finished, .failed: break
        }
    }

    /// Also for a request that was not taken: its stream has one event.
    private func refuse(_ error: SwapError, _ call: Call) {
        core.backend.note(error)
        swaps[call.stream] = SwapCall("")
        deliver(.failed(error), call.stream, generation: core.backend.generation)
    }

    /// Ends the streams of all swaps because the server stops.
    func failSwaps(_ message: String) {
        for stream in swaps.keys.sorted() {
            deliver(
                .failed(SwapError(.request, .shuttingDown, message)), stream,
                generation: core.backend.generation)
        }
    }

    private func deliver(
        _ event: Pipelines.SwapEvent, _ stream: UInt32, generation: Int
    ) {
        guard let swap = swaps[stream] else { return }
        swap.seq += 1
        send(
            SwapEvent(
                seq: swap.seq, generation: generation, kind: SwapEvent.Kind(event)
            ).bytes, on: stream)
        switch event {
        case .finished:
            swaps[stream] = nil
            finish(stream)
        case .failed(let error):
            swaps[stream] = nil
            fail(stream, Status(error))
        case .change, .phase, .committed: break
        }
    }
}

/// A call that changes what serves.
final class SwapCall {
    let cause: String
    /// Of its last event.
    var seq: UInt64 = 0
    var changes: [Wire.SwapEvent.Change] = []

    init(_ cause: String) { self.cause = cause }
}

private typealias SwapEvent = Wire.SwapEvent
private typealias DrainPolicy = Pipelines.DrainPolicy

extension SwapOrder {
    /// As in `GenerationChange`.
    fileprivate var cause: String {
        switch self {
        case .change: "swap"
        case .apply: "apply"
        case .rollback: "rollback"
        }
    }

    /// For the log.
    fileprivate var name: String {
        switch self {
        case .change(let change): "swap \(change.kind.rawValue)"
        case .apply(_, let path, let isDryRun): (isDryRun ? "dry run of " : "apply ") + path
        case .rollback(let number): "rollback" + (number.map { " to \($0)" } ?? "")
        }
    }
}

/// The daemon's own folder means nothing to a client.
private func requireAbsolute(_ path: String, _ what: String) throws(SwapError) {
    guard path.isEmpty || path.hasPrefix("/") else {
        throw SwapError(.request, .invalid, "\(what) \(path) is not absolute")
    }
}

extension StageChange {
    fileprivate init(_ request: SwapRequest) throws(SwapError) {
        guard let kind = StageKind(rawValue: request.kind) else {
            let kinds = StageKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw SwapError(
                .request, .invalid, "there is no stage \"\(request.kind)\"; there are \(kinds)")
        }
        if request.plugin.contains("/") { try requireAbsolute(request.plugin, "plugin") }
        try requireAbsolute(request.weights, "weights")
        do {
            self.init(
                kind, plugin: request.plugin.isEmpty ? nil : request.plugin,
                weights: request.weights.isEmpty ? nil : request.weights,
                options: try parseOptions(request.options), isFresh: request.fresh)
        } catch {
            throw SwapError(.request, .invalid, error.description)
        }
    }
}

extension Pipelines.DrainPolicy {
    fileprivate init(_ policy: Wire.DrainPolicy?) {
        self.init()
        guard let policy else { return }
        timeout = .nanoseconds(max(0, policy.timeout))
        cancels = policy.cancel
    }
}

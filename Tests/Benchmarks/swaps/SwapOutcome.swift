import BenchmarkSupport
import VokenClient
import Wire

/// How a swap went, as its client saw it.
struct SwapOutcome {
    private(set) var committed: SwapEvent.Committed?
    private(set) var finished: SwapEvent.Finished?
    private(set) var failed: SwapEvent.Failed?
    /// The connection's or the call's own failure.
    private(set) var lost: ClientError?
    /// Names of what was done: `change`, phases, `committed`, `finished`.
    private(set) var steps: [String] = []
    /// Until the event `committed`.
    private(set) var millisecondsToCommit = 0.0
    private(set) var milliseconds = 0.0

    init(
        _ begin: () throws(ClientError) -> EventStream<SwapEvent>,
        observe: (SwapEvent) -> Void = { _ in }
    ) {
        let start = ContinuousClock.now
        do throws(ClientError) {
            let stream = try begin()
            while let event = try stream.next() {
                let elapsed = (ContinuousClock.now - start) / .milliseconds(1)
                take(event, elapsed)
                observe(event)
            }
        } catch {
            lost = error
        }
        milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    }

    private mutating func take(_ event: SwapEvent, _ elapsed: Double) {
        steps.append(event.name)
        switch event.kind {
        case .committed(let commit):
            committed = commit
            millisecondsToCommit = elapsed
        case .finished(let result): finished = result
        case .failed(let error): failed = error
        default: break
        }
    }

    /// What kept it from being done; `nil` if it was.
    var failure: String? {
        if let failed { return "\(failed.code) in \(failed.phase): \(failed.message)" }
        if let lost { return "\(lost.code): \(lost)" }
        return committed == nil || finished == nil ? "ended after \(steps)" : nil
    }
}

extension SwapEvent {
    var name: String {
        switch kind {
        case .change: "change"
        case .phase(let phase): phase.name
        case .committed: "committed"
        case .finished: "finished"
        case .failed: "failed"
        case .unknown: "unknown"
        }
    }
}

extension Client {
    func perform(
        _ request: SwapRequest, observe: (SwapEvent) -> Void = { _ in }
    ) -> SwapOutcome {
        SwapOutcome({ () throws(ClientError) in try swap(request) }, observe: observe)
    }

    func perform(_ request: ApplyRequest) -> SwapOutcome {
        SwapOutcome({ () throws(ClientError) in try apply(request) })
    }

    /// A swap that the section relies on.
    @discardableResult
    func require(_ request: SwapRequest) throws -> SwapOutcome {
        let outcome = perform(request)
        if let failure = outcome.failure { throw Failure("swap \(request.kind): \(failure)") }
        return outcome
    }
}

extension DrainPolicy {
    /// Leaves the requests of the old generation alone.
    static let unawaited = DrainPolicy(timeout: 0)
}

import Stages
import Synchronization

/// How much a stage has done for the jobs of an engine, over all generations.
public struct StageCounter: Sendable, Equatable {
    public var calls = 0
    /// Rows of the language model, or members of batches.
    public var items = 0
    /// In the stage's own code.
    public var nanoseconds = 0

    public init() {}
}

/// Counts the calls of stages.
final class StageMeter: Sendable {
    private let counters = Mutex<[StageKind: StageCounter]>([:])

    var all: [StageKind: StageCounter] { counters.withLock { $0 } }

    func count(_ kind: StageKind, items: Int, _ time: Duration) {
        counters.withLock { counters in
            counters[kind, default: StageCounter()].calls += 1
            counters[kind, default: StageCounter()].items += items
            counters[kind, default: StageCounter()].nanoseconds += time.nanoseconds
        }
    }
}

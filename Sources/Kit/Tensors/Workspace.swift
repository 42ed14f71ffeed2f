import Synchronization

/// What the storages of a step lie in: the memory of an arena, or none in a dry run.
///
/// A storage keeps its workspace. It may be let go by any thread; room is taken by one at a time.
final class Workspace: Sendable {
    /// What the lines of a storage are.
    @safe struct Place: Sendable {
        fileprivate let first, count: Int
    }

    private struct State {
        var layout: ArenaLayout
        /// Storages that found room, and those that did not.
        var placed = 0
        var overflows = 0
        /// Lines of the latter, together.
        var outside = 0
    }

    /// `nil` in a dry run.
    let memory: ReservedMemory?
    private let state: Mutex<State>

    private static let line = 64
    static let slot = ThreadSlot<Workspace>()

    /// For a dry run: room for everything, and no memory.
    init() {
        memory = nil
        state = Mutex(State(layout: ArenaLayout(capacity: Int.max)))
    }

    init(_ memory: ReservedMemory) {
        self.memory = memory
        state = Mutex(State(layout: ArenaLayout(capacity: memory.byteCount / Self.line)))
    }

    var isDry: Bool { memory == nil }

    func take(byteCount: Int) -> Place? {
        // An odd number of lines: rows of tensors whose sizes are powers of two would all fall into
        // the same lines of the caches.
        let count = (byteCount + Self.line - 1) / Self.line | 1
        return state.withLock { state in
            guard let first = state.layout.take(count) else {
                state.overflows += 1
                state.outside += count
                return nil
            }
            state.placed += 1
            return Place(first: first, count: count)
        }
    }

    func give(_ place: Place) {
        state.withLock { $0.layout.give(place.first, place.count) }
    }

    /// - Precondition: not in a dry run.
    func address(of place: Place) -> UnsafeMutableRawPointer {
        guard let memory else { preconditionFailure("a dry run has no memory") }
        return unsafe memory.base + place.first * Self.line
    }

    /// Bytes that storages lie in.
    var taken: Int { state.withLock { $0.layout.taken * Self.line } }

    /// Begins a new record.
    /// - Precondition: nothing lies in it.
    func reset() {
        state.withLock { state in
            let capacity = state.layout.capacity
            state = State(layout: ArenaLayout(capacity: capacity))
        }
    }

    /// Since it was made, or reset.
    var record: WorkspaceRecord {
        state.withLock { state in
            WorkspaceRecord(
                extent: state.layout.extent * Self.line, peak: state.layout.peak * Self.line,
                placed: state.placed, overflows: state.overflows,
                overflowBytes: state.outside * Self.line)
        }
    }
}

/// What was asked of a workspace.
struct WorkspaceRecord: Sendable, Equatable {
    var extent = 0
    var peak = 0
    var placed = 0
    var overflows = 0
    var overflowBytes = 0
}

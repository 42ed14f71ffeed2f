import Synchronization

/// The memory of the tensors that a step makes: one stretch of address space that is used again by
/// the next, so that a step asks the system for nothing and meets pages that are there already.
///
/// How much a step needs says a dry run (``StepPlan``). What finds no room gets memory of its own,
/// as without an arena; the next step of the same plan then finds more.
///
/// `@unchecked Sendable`: ``run(_:_:)`` and ``release()`` are called by one thread.
public final class Arena: @unchecked Sendable {
    /// What steps have asked for.
    public struct Counts: Sendable, Equatable {
        /// Tensors that found room, and those that did not.
        public var placed = 0
        public var overflows = 0
        /// How often something was left that outlived its step, so that the memory had to be left
        /// to it.
        public var leftBehind = 0
        /// How often memory was asked of the system.
        public var reservations = 0
        /// Bytes that are reserved. Those that no step has touched yet take no memory.
        public var byteCount = 0
    }

    private var workspace: Workspace?
    private let shared = Mutex(Counts())

    public init() {}

    /// Since the arena was made; may be asked for by any thread.
    public var counts: Counts { shared.withLock { $0 } }

    /// Calls `body`, whose tensors lie here. What it returns must be ``Tensor/copiedOutOfStep()``, or gone,
    /// before the next step; a tensor that lives longer takes this memory with it.
    public func run<Result>(_ plan: StepPlan, _ body: () -> Result) -> Result {
        let workspace = reserved(plan.byteCount)
        defer { note(workspace?.record ?? WorkspaceRecord(), plan) }
        return Workspace.slot.holding(workspace, body)
    }

    /// Gives the memory back to the system.
    public func release() {
        workspace = nil
        shared.withLock { $0.byteCount = 0 }
    }

    /// - Returns: `nil` if the system has no such memory.
    private func reserved(_ byteCount: Int) -> Workspace? {
        if let workspace {
            if workspace.taken > 0 {
                shared.withLock { $0.leftBehind += 1 }
                self.workspace = nil
            } else if workspace.memory?.byteCount ?? 0 < byteCount {
                // What is there must go first: both may be too much.
                self.workspace = nil
            } else {
                workspace.reset()
                return workspace
            }
        }
        guard let memory = ReservedMemory(byteCount: byteCount, for: .workspace) else {
            return nil
        }
        shared.withLock { counts in
            counts.reservations += 1
            counts.byteCount = memory.byteCount
        }
        workspace = Workspace(memory)
        return workspace
    }

    private func note(_ record: WorkspaceRecord, _ plan: StepPlan) {
        shared.withLock { counts in
            counts.placed += record.placed
            counts.overflows += record.overflows
        }
        if record.overflows > 0 { plan.widen(to: record.extent + record.overflowBytes) }
    }
}

extension Tensor {
    /// This tensor, or a copy of it with memory of its own if its own is a step's.
    public func copiedOutOfStep() -> Tensor {
        guard storage.isOfStep else { return self }
        let copy = Storage(count: count, for: .kept)
        unsafe copy.elements.update(from: storage.elements, count: count)
        return Tensor(shape: shape, storage: copy)
    }
}

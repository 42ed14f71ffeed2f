import Synchronization

/// How much memory the tensors of a step take at once.
public final class StepPlan: Sendable {
    private let needed: Atomic<Int>
    /// Bytes of tensors that were alive at once.
    public let peak: Int
    /// Tensors that the step makes.
    public let tensors: Int

    /// The bytes of an arena for the step: ``peak``, and what lies waste between tensors.
    public var byteCount: Int { needed.load(ordering: .relaxed) }

    /// Calls `body` as a dry run: a step with tensors that have shapes and no numbers.
    public init(rehearsing body: () -> Void) {
        let workspace = Workspace()
        Workspace.slot.holding(workspace, body)
        let record = workspace.record
        needed = Atomic(record.extent)
        peak = record.peak
        tensors = record.placed
    }

    /// A step has needed more: operations may take memory that they ask for only when they compute.
    func widen(to byteCount: Int) { needed.max(byteCount, ordering: .relaxed) }
}

/// A mode of a thread in which tensors have shapes and no numbers: operations check their operands
/// and make their results, and compute nothing. So a step can be rehearsed, and a stage be made, at
/// no cost of memory or time.
///
/// Elements that are read are zeros. A stage must not keep what it has made meanwhile: see
/// ``isRunning``.
public enum DryRun {
    /// Whether this thread is in a dry run.
    public static var isRunning: Bool { Workspace.slot.current?.isDry ?? false }

    /// Calls `body` as a dry run. Memory that it would take is charged to accounts as if it did.
    public static func perform<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Workspace.slot.holding(Workspace(), body)
    }
}

extension Tensor {
    /// A tensor for a dry run: elements are zeros, and take no memory.
    public init(shapeOnly shape: Shape) {
        self = DryRun.perform { unsafe Tensor(uninitialized: shape) { _ in } }
    }
}

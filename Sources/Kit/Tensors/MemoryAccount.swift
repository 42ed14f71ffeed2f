internal import CKernels
import Synchronization

/// Who holds how much memory of tensors: a stage, say, or a request.
///
/// An account is current on a thread while ``charging(_:_:)`` runs there. Memory that the thread
/// takes meanwhile is charged to it, and given back to it when the memory is freed, by whichever
/// thread and however late. Mapped files are charged to nobody, nor is what threads keep for kernels
/// from call to call (``KernelMemory``).
public final class MemoryAccount: Sendable {
    /// Of tensors, and of weights that are not read in place.
    public let tensors = MemoryGauge()
    /// Of row buffers: what the sequences of a language model grow.
    public let caches = MemoryGauge()

    public init() {}

    private static let slot = ThreadSlot<MemoryAccount>()

    /// The account of this thread.
    static var current: MemoryAccount? { slot.current }

    /// Calls `body` with `account` as the current one of this thread, or with none.
    ///
    /// May be nested: afterwards, also after an error, the account from before is current again.
    public static func charging<Result, Failure: Error>(
        _ account: MemoryAccount?, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try slot.holding(account, body)
    }

    /// Hands what was freed back to the system, which the allocator would keep otherwise. Takes
    /// milliseconds.
    public static func returnFreeMemory() { voken_return_free_memory() }
}

/// Bytes that are held, and the most that were held at any one time. Read and changed by any
/// thread without waiting.
public final class MemoryGauge: Sendable {
    private let held = Atomic<Int>(0)
    private let highest = Atomic<Int>(0)

    public var bytes: Int { held.load(ordering: .relaxed) }
    public var peak: Int { highest.load(ordering: .relaxed) }

    func add(_ bytes: Int) {
        let sum = held.wrappingAdd(bytes, ordering: .relaxed).newValue
        if sum > highest.load(ordering: .relaxed) { highest.max(sum, ordering: .relaxed) }
    }

    func subtract(_ bytes: Int) { held.wrappingSubtract(bytes, ordering: .relaxed) }
}

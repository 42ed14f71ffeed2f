/// The memory of a tensor: 64-byte aligned floats.
///
/// `@unchecked Sendable`: elements are written only by who has the one reference that there is: the
/// initialiser of a tensor, or an operation whose operand it is for the last time.
@safe final class Storage: @unchecked Sendable {
    /// How long a storage is there, as far as whoever makes it knows.
    enum Lifetime {
        /// Not longer than the step that the thread is in: it lies in the step's workspace.
        case step
        /// Perhaps longer: it has memory of its own.
        case kept
        /// As long as the thread. It has memory also in a dry run.
        case thread
    }

    private enum Memory {
        case own(AlignedMemory)
        case placed(Workspace.Place, Workspace)
        /// Zeros; there is nothing to be written or kept. The place is the one that the storage would
        /// have.
        case none(ReservedMemory, Workspace.Place?, Workspace)
    }

    let count: Int
    let elements: UnsafeMutablePointer<Float>
    private let memory: Memory
    /// Charged with the memory; `nil` if nobody is.
    private let gauge: MemoryGauge?

    /// Uninitialised: whoever makes a storage overwrites all of it, unless it is ``isShapeOnly``.
    init(
        count: Int, charging gauge: MemoryGauge? = MemoryAccount.current?.tensors,
        for lifetime: Lifetime = .step
    ) {
        self.count = count
        self.gauge = gauge
        let bytes = Self.byteCount(count)
        memory = Self.memory(bytes, lifetime)
        let base = unsafe Self.base(of: memory)
        unsafe elements = base.bindMemory(to: Float.self, capacity: max(count, 1))
        gauge?.add(bytes)
    }

    deinit {
        switch memory {
        case .own(let memory): memory.deallocate()
        case .placed(let place, let workspace): workspace.give(place)
        case .none(_, let place, let workspace): if let place { workspace.give(place) }
        }
        gauge?.subtract(Self.byteCount(count))
    }

    /// Made in a dry run: all elements are zeros, and must not be written.
    var isShapeOnly: Bool { if case .none = memory { true } else { false } }

    /// Whether it is gone, or in the way, when the step ends that it was made in.
    var isOfStep: Bool { if case .placed = memory { true } else { false } }

    private static func memory(_ bytes: Int, _ lifetime: Lifetime) -> Memory {
        guard lifetime != .thread, let workspace = Workspace.slot.current else {
            return .own(AlignedMemory(byteCount: bytes))
        }
        let place = lifetime == .step ? workspace.take(byteCount: bytes) : nil
        guard workspace.isDry else {
            return place.map { .placed($0, workspace) } ?? .own(AlignedMemory(byteCount: bytes))
        }
        guard let zeros = ReservedMemory(byteCount: bytes, for: .zeros) else {
            preconditionFailure("no address space left: \(bytes) bytes for a dry run")
        }
        return .none(zeros, place, workspace)
    }

    private static func base(of memory: Memory) -> UnsafeMutableRawPointer {
        switch memory {
        case .own(let memory): unsafe memory.base
        case .placed(let place, let workspace): unsafe workspace.address(of: place)
        case .none(let zeros, _, _): unsafe zeros.base
        }
    }

    private static func byteCount(_ count: Int) -> Int {
        max(count, 1) * MemoryLayout<Float>.stride
    }
}

/// The memory of a tensor: 64-byte aligned floats.
///
/// `@unchecked Sendable`: elements are written only inside the initialiser of the tensor that owns
/// the storage, before any other reference to it exists, and never after.
@safe final class Storage: @unchecked Sendable {
    let count: Int
    let elements: UnsafeMutablePointer<Float>
    private let memory: AlignedMemory
    /// Charged with the memory; `nil` if nobody is.
    private let gauge: MemoryGauge?

    /// Uninitialised: whoever makes a storage overwrites all of it.
    init(count: Int, charging gauge: MemoryGauge? = MemoryAccount.current?.tensors) {
        self.count = count
        self.gauge = gauge
        let bytes = Self.byteCount(count)
        memory = AlignedMemory(byteCount: bytes)
        unsafe elements = memory.base.bindMemory(to: Float.self, capacity: max(count, 1))
        gauge?.add(bytes)
    }

    deinit {
        memory.deallocate()
        gauge?.subtract(Self.byteCount(count))
    }

    private static func byteCount(_ count: Int) -> Int {
        max(count, 1) * MemoryLayout<Float>.stride
    }
}

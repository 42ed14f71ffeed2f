import Glibc

/// The memory of a tensor: 64-byte aligned floats.
///
/// `@unchecked Sendable`: elements are written only inside the initialiser of the tensor that owns
/// the storage, before any other reference to it exists, and never after.
@safe final class Storage: @unchecked Sendable {
    let count: Int
    let elements: UnsafeMutablePointer<Float>
    /// Charged with the memory; `nil` if nobody is.
    private let gauge: MemoryGauge?

    /// Uninitialised: whoever makes a storage overwrites all of it.
    init(count: Int, charging gauge: MemoryGauge? = MemoryAccount.current?.tensors) {
        self.count = count
        self.gauge = gauge
        var memory: UnsafeMutableRawPointer?
        let bytes = Self.byteCount(count)
        let status = unsafe posix_memalign(&memory, 64, bytes)
        guard status == 0, let memory = unsafe memory else {
            preconditionFailure("out of memory: \(bytes) bytes for a tensor")
        }
        unsafe elements = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        gauge?.add(bytes)
    }

    deinit {
        unsafe free(elements)
        gauge?.subtract(Self.byteCount(count))
    }

    private static func byteCount(_ count: Int) -> Int {
        max(count, 1) * MemoryLayout<Float>.stride
    }
}

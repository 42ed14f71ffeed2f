internal import CKernels
import Glibc

/// Memory that begins at a multiple of 64: of a cache line, and of the widest vector.
///
/// Not by `posix_memalign`, nor by what calls it: up to glibc 2.37 that seldom takes memory which
/// was freed before, so that a process which makes and drops stages grows at each of them.
@safe struct AlignedMemory {
    let base: UnsafeMutableRawPointer
    private let block: UnsafeMutableRawPointer
    private static let alignment = 64
    private static let policy: Void = voken_keep_free_memory()

    /// Uninitialised.
    init(byteCount: Int) {
        Self.policy
        guard let block = unsafe malloc(byteCount + Self.alignment) else {
            preconditionFailure("out of memory: \(byteCount) bytes for a tensor")
        }
        unsafe self.block = block
        unsafe base = block.alignedUp(toMultipleOf: Self.alignment)
    }

    func deallocate() { unsafe free(block) }
}

import Glibc

/// Address space of its own, whose pages the system gives when they are first touched.
///
/// `@unchecked Sendable`: what it is handed out for says who writes to it.
@safe final class ReservedMemory: @unchecked Sendable {
    enum Use {
        /// In huge pages where there are any: a page fault costs about as much as filling a page.
        case workspace
        /// Zeros: they take memory only where somebody writes to them, which nobody should.
        case zeros
    }

    let base: UnsafeMutableRawPointer
    let byteCount: Int

    private static let hugePage = 2 << 20

    /// - Returns: `nil` if the system has no more.
    init?(byteCount: Int, for use: Use) {
        let page = use == .workspace ? Self.hugePage : sysconf(Int32(_SC_PAGESIZE))
        let size = (max(byteCount, 1) + page - 1) / page * page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | (use == .workspace ? 0 : MAP_NORESERVE)
        guard let base = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe base != MAP_FAILED
        else { return nil }
        if use == .workspace { unsafe madvise(base, size, MADV_HUGEPAGE) }
        unsafe self.base = base
        self.byteCount = size
    }

    deinit { unsafe munmap(base, byteCount) }
}

import Glibc

extension MappedFile {
    /// Drops the pages of this mapping; the system brings them back from the file when they are
    /// touched, most often from its cache.
    public func dropPages() {
        guard count > 0, let base = unsafe address(at: 0) else { return }
        unsafe madvise(UnsafeMutableRawPointer(mutating: base), count, MADV_DONTNEED)
    }
}

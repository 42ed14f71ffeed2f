extension Tensor {
    /// The same numbers in memory that belongs to what a request keeps from call to call, and is
    /// charged as a cache: for what a stage hands on to its later calls.
    public func kept() -> Tensor {
        let storage = Storage(count: count, charging: MemoryAccount.current?.caches, for: .kept)
        if !storage.isShapeOnly {
            unsafe withElements { unsafe storage.elements.update(from: $0, count: count) }
        }
        return Tensor(shape: shape, storage: storage)
    }
}

extension Weight {
    /// Calls `body` with the elements as they are stored, to be written to a file.
    /// - Precondition: the weight has elements, not a shape alone.
    public func withStoredBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let bytes = unsafe bytes else { preconditionFailure("a weight of shape alone") }
        let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: byteCount)
        defer { extendLifetime(self) }
        return try body(unsafe RawSpan(_unsafeBytes: buffer))
    }
}

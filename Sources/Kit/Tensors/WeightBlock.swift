/// Memory owned by a weight that was rearranged, copied or made from a tensor.
///
/// `@unchecked Sendable`: written once, before the weight that owns it is handed out.
@safe final class WeightBlock: WeightBytes, @unchecked Sendable {
    private let memory: AlignedMemory
    private let byteCount: Int
    /// Charged with the block; `nil` if no account was current.
    private let gauge: MemoryGauge?

    /// Uninitialised, at an address that suits every format.
    init(byteCount: Int) {
        self.byteCount = max(byteCount, 1)
        gauge = MemoryAccount.current?.tensors
        memory = AlignedMemory(byteCount: self.byteCount)
        gauge?.add(self.byteCount)
    }

    var base: UnsafeMutableRawPointer { unsafe memory.base }

    deinit {
        memory.deallocate()
        gauge?.subtract(byteCount)
    }
}

extension Weight {
    /// A copy of stored elements, for those that cannot be read in place.
    /// - Precondition: `bytes` are `shape.count` elements of `format`.
    package init(_ shape: Shape, format: WeightFormat, copying bytes: [UInt8]) {
        precondition(
            bytes.count == shape.count * format.width, "\(bytes.count) bytes for shape \(shape)")
        let block = WeightBlock(byteCount: bytes.count)
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(start: block.base, count: bytes.count)
                .copyMemory(from: source)
        }
        unsafe self.init(
            shape, format: format, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }
}

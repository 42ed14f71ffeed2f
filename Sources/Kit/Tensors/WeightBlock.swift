/// Memory owned by a weight that was rearranged, copied or made from a tensor.
///
/// `@unchecked Sendable`: written once, before the weight that owns it is handed out.
@safe final class WeightBlock: WeightBytes, @unchecked Sendable {
    /// `nil` for a block that was made in a dry run.
    private let memory: AlignedMemory?
    private let zeros: ReservedMemory?
    private let byteCount: Int
    let base: UnsafeMutableRawPointer
    /// Charged with the block; `nil` if no account was current.
    private let gauge: MemoryGauge?

    /// Uninitialised, at an address that suits every format; in a dry run zeros, which need not be
    /// written.
    init(byteCount: Int) {
        self.byteCount = max(byteCount, 1)
        gauge = MemoryAccount.current?.tensors
        if DryRun.isRunning {
            guard let zeros = ReservedMemory(byteCount: byteCount, for: .zeros) else {
                preconditionFailure("no address space left: \(byteCount) bytes for a dry run")
            }
            (memory, self.zeros) = (nil, zeros)
            unsafe base = zeros.base
        } else {
            let memory = AlignedMemory(byteCount: self.byteCount)
            (self.memory, zeros) = (memory, nil)
            unsafe base = memory.base
        }
        gauge?.add(self.byteCount)
    }

    deinit {
        memory?.deallocate()
        gauge?.subtract(byteCount)
    }
}

extension Weight {
    /// A weight of elements that cannot be read in place.
    /// - Parameter fill: writes all elements, as they are stored.
    package init(
        _ shape: Shape, format: WeightFormat, filling fill: (inout MutableRawSpan) -> Void
    ) {
        let block = WeightBlock(byteCount: shape.count * format.width)
        var bytes = unsafe MutableRawSpan(
            _unsafeStart: block.base, byteCount: shape.count * format.width)
        if !DryRun.isRunning { fill(&bytes) }
        unsafe self.init(
            shape, format: format, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }

    /// A weight in 32-bit floats.
    /// - Parameter fill: writes all of them.
    package init(_ shape: Shape, filling fill: (inout MutableSpan<Float>) -> Void) {
        let block = WeightBlock(byteCount: shape.count * WeightFormat.float32.width)
        var elements = unsafe MutableSpan(
            _unsafeStart: block.base.bindMemory(to: Float.self, capacity: shape.count),
            count: shape.count)
        if !DryRun.isRunning { fill(&elements) }
        unsafe self.init(
            shape, format: .float32, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }
}

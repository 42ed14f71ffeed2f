extension PackedTensor {
    /// A larger tensor whose rows are those of a smaller one, over and over, as far as they reach:
    /// weights for benchmarks, in whatever layout, as fast as memory is copied.
    /// - Parameters:
    ///   - sample: in one part; of the shape but for the first extent, by which it has as many
    ///     rows as each part, or fewer and a multiple of every layout's panels.
    ///   - shape: of all parts together.
    public init(repeating sample: PackedTensor, to shape: Shape, parts: Int) {
        let rows = sample.shape[0]
        precondition(
            sample.parts == 1 && shape.with(rows, at: 0) == sample.shape
                && shape[0] % parts == 0 && (rows == shape[0] / parts || rows % 256 == 0),
            "\(shape) in \(parts) parts of \(sample.shape)")
        let layout = sample.layout
        let (whole, size) = (
            layout.byteCount(sample.shape), Self.partBytes(shape, layout, parts: parts)
        )
        let block = WeightBlock(byteCount: parts * size)
        let copies = (size + whole - 1) / whole
        ThreadPool.run(parts * copies) { index in
            let (part, start) = (index / copies, index % copies * whole)
            let target = unsafe block.base + part * size + start
            unsafe target.copyMemory(from: sample.bytes, byteCount: min(whole, size - start))
        }
        unsafe self.init(
            shape, layout, parts: parts, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }
}

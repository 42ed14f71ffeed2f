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
        let head = layout.headBytes
        let (panels, size) = (
            layout.byteCount(sample.shape) - head, Self.partBytes(shape, layout, parts: parts)
        )
        let block = WeightBlock(byteCount: parts * size)
        let copies = (size - head + panels - 1) / panels
        ThreadPool.run(parts * copies) { index in
            let part = unsafe block.base + index / copies * size
            let start = head + index % copies * panels
            unsafe part.copyMemory(from: sample.bytes, byteCount: head)
            unsafe (part + start).copyMemory(
                from: sample.bytes + head, byteCount: min(panels, size - start))
        }
        unsafe self.init(
            shape, layout, parts: parts, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }
}

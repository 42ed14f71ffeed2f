internal import CKernels

extension QuantisedWeight {
    /// A weight of GGUF's `Q8_0` blocks: a half, then 32 signed bytes. Every number is kept as it is.
    /// - Parameter blocks: row by row, 34 bytes for 32 numbers.
    public init(_ shape: Shape, q8Blocks blocks: RawSpan) {
        self.init(shape, format: .q8_0, blocks: blocks)
    }

    /// A weight of GGUF's `Q4_0` blocks: a half, then 16 bytes with the numbers 0 ..< 16 in their lower
    /// halves and the numbers 16 ..< 32 in their upper halves, each plus 8. Every number is kept as
    /// it is.
    /// - Parameter blocks: row by row, 18 bytes for 32 numbers.
    public init(_ shape: Shape, q4Blocks blocks: RawSpan) {
        self.init(shape, format: .q4, blocks: blocks)
    }

    private init(_ shape: Shape, format: Format, blocks: RawSpan) {
        precondition(Self.suits(shape), "QuantisedWeight: \(shape)")
        let width = 2 + 4 * format.blockWords
        let inRow = shape[1] / Self.block
        precondition(
            blocks.byteCount == shape[0] * inRow * width,
            "QuantisedWeight: \(blocks.byteCount) bytes of blocks for \(shape)")
        // Signed bytes plus 128; nibbles have their 8 already.
        let flip: UInt32 = format == .q8_0 ? 0x8080_8080 : 0
        let (panels, size) = (Self.panels(shape), Self.panelSize(shape, format))
        self = unsafe blocks.withUnsafeBytes { blocks in
            unsafe QuantisedWeight(shape, format: format, head: .even) { target in
                ThreadPool.run(panels) { panel in
                    let target = unsafe target + panel * size
                    unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: size)
                    let first = panel * Self.panelRows
                    for row in first..<min(first + Self.panelRows, shape[0]) {
                        for block in 0..<inRow {
                            let from = (row * inRow + block) * width
                            let words = format.words(ofBlock: block, row: row - first)
                            let scale = format.scale(ofBlock: block, row: row - first)
                            unsafe target.storeBytes(
                                of: blocks.loadUnaligned(fromByteOffset: from, as: UInt16.self),
                                toByteOffset: scale, as: UInt16.self)
                            for index in 0..<format.blockWords {
                                let word = unsafe blocks.loadUnaligned(
                                    fromByteOffset: from + 2 + 4 * index, as: UInt32.self)
                                unsafe target.storeBytes(
                                    of: word ^ flip, toByteOffset: words + 64 * index,
                                    as: UInt32.self)
                            }
                        }
                    }
                }
            }
        }
    }
}

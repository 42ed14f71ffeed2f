internal import CKernels

/// A matrix of bf16 numbers in the order in which products read it: panels of 32 columns, each
/// `[pairs of the depth][32]`, a word holding two neighbours along the depth. What is left of the
/// last panel and of an odd depth is zero.
///
/// The layout is the same on every CPU. It takes the place of a stored weight where a layer's
/// products are to be in bf16.
///
/// `@unchecked Sendable`: the words are never written after it was made.
@safe public struct PackedWeight: @unchecked Sendable {
    /// Of the weight that was packed.
    public let shape: Shape
    private let words: UnsafePointer<UInt32>
    private let owner: any WeightBytes

    static let panelColumns = Int(VOKEN_PAIR_COLUMNS)

    /// - Parameter weight: `[N, K]`, or `[O, h, w, I]` (``Weight/channelsInnermost()``) as a matrix of
    ///   `[O, h · w · I]`; rounded to bf16 if it is not stored so.
    public init(_ weight: Weight) {
        let block = WeightBlock(byteCount: Self.byteCount(weight.shape))
        if !DryRun.isRunning { unsafe Self.pack(weight, into: block.base) }
        unsafe self.init(weight.shape, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }

    /// A weight that was packed before, read in place.
    /// - Precondition: `bytes` holds ``byteCount(_:)`` bytes for as long as `owner` lives.
    init(_ shape: Shape, unsafeBytes bytes: UnsafeRawPointer, owner: any WeightBytes) {
        self.shape = shape
        unsafe words = bytes.assumingMemoryBound(to: UInt32.self)
        self.owner = owner
    }

    /// - Parameter target: room for ``byteCount(_:)`` bytes.
    static func pack(_ weight: Weight, into target: UnsafeMutableRawPointer) {
        let columns = weight.shape[0]
        let depth = weight.shape.count / max(columns, 1)
        let panel = panelColumns * ((depth + 1) / 2)
        let count = (columns + panelColumns - 1) / panelColumns
        let words = unsafe target.bindMemory(to: UInt32.self, capacity: max(count * panel, 1))
        guard let bytes = unsafe weight.bytes else {
            unsafe words.update(repeating: 0, count: count * panel)
            return
        }
        ThreadPool.run(count) { index in
            let first = index * panelColumns
            let some = min(panelColumns, columns - first)
            let target = unsafe words + index * panel
            unsafe Kernels.table.pack_pair_columns(
                weight.format.kernelFormat, bytes + first * depth * weight.format.width, some,
                depth, target)
            guard some < panelColumns else { return }
            for pair in 0..<(depth + 1) / 2 {
                unsafe (target + pair * panelColumns + some)
                    .update(repeating: 0, count: panelColumns - some)
            }
        }
    }

    /// Of the matrix: its rows, which are columns of a product, and their length.
    var columns: Int { shape[0] }
    var depth: Int { shape.count / max(columns, 1) }

    public var byteCount: Int { Self.byteCount(shape) }

    /// - Parameter shape: of a weight.
    static func byteCount(_ shape: Shape) -> Int {
        let depth = shape.count / max(shape[0], 1)
        return (shape[0] + panelColumns - 1) / panelColumns * panelColumns * ((depth + 1) / 2)
            * MemoryLayout<UInt32>.stride
    }

    /// Calls `body` with the words of all panels.
    func withWords(_ body: (UnsafePointer<UInt32>) -> Void) {
        defer { extendLifetime(owner) }
        unsafe body(words)
    }
}

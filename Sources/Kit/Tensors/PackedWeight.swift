internal import CKernels

/// A matrix of bf16 numbers in the order in which products read it: panels of 32 columns, each
/// `[pairs of the depth][32]`, a word holding two neighbours along the depth. What is left of the
/// last panel and of an odd depth is zero.
///
/// The layout is the same on every CPU. It takes the place of a stored weight where a layer's
/// products are to be in bf16.
public struct PackedWeight: Sendable {
    /// Of the weight that was packed.
    public let shape: Shape
    private let block: WeightBlock

    static let panelColumns = Int(VOKEN_PAIR_COLUMNS)

    /// - Parameter weight: `[N, K]`, or `[O, h, w, I]` (``Weight/channelsInnermost()``) as a matrix of
    ///   `[O, h · w · I]`; rounded to bf16 if it is not stored so.
    public init(_ weight: Weight) {
        shape = weight.shape
        let columns = weight.shape[0]
        let depth = weight.shape.count / max(columns, 1)
        let panel = Self.panelColumns * ((depth + 1) / 2)
        let count = (columns + Self.panelColumns - 1) / Self.panelColumns
        let block = WeightBlock(byteCount: count * panel * MemoryLayout<UInt32>.stride)
        self.block = block
        let words = unsafe block.base.bindMemory(to: UInt32.self, capacity: max(count * panel, 1))
        guard let bytes = unsafe weight.bytes else {
            unsafe words.update(repeating: 0, count: count * panel)
            return
        }
        ThreadPool.run(count) { index in
            let first = index * Self.panelColumns
            let some = min(Self.panelColumns, columns - first)
            let target = unsafe words + index * panel
            unsafe Kernels.table.pack_pair_columns(
                weight.format.kernelFormat, bytes + first * depth * weight.format.width, some,
                depth, target)
            guard some < Self.panelColumns else { return }
            for pair in 0..<(depth + 1) / 2 {
                unsafe (target + pair * Self.panelColumns + some)
                    .update(repeating: 0, count: Self.panelColumns - some)
            }
        }
    }

    /// Of the matrix: its rows, which are columns of a product, and their length.
    var columns: Int { shape[0] }
    var depth: Int { shape.count / max(columns, 1) }

    public var byteCount: Int {
        (columns + Self.panelColumns - 1) / Self.panelColumns * Self.panelColumns
            * ((depth + 1) / 2) * MemoryLayout<UInt32>.stride
    }

    /// Calls `body` with the words of all panels.
    func withWords(_ body: (UnsafePointer<UInt32>) -> Void) {
        defer { extendLifetime(block) }
        unsafe body(UnsafePointer(block.base.assumingMemoryBound(to: UInt32.self)))
    }
}

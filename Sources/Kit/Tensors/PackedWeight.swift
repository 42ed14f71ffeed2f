internal import CKernels

/// A matrix in the order in which products read it: panels of 32 columns, each `[words of the depth][32]`.
/// A word is a 32-bit float, or two neighbours along the depth in bf16, the even one in its lower half.
/// What is left of the last panel and of an odd depth is zero.
///
/// The layout is the same on every CPU. The format is what products with it are computed in.
///
/// `@unchecked Sendable`: the words are never written after it was made.
@safe public struct PackedWeight: @unchecked Sendable {
    /// Of the weight that was packed.
    public let shape: Shape
    /// What products with it are computed in.
    public let format: Arithmetic
    private let words: UnsafePointer<UInt32>
    private let owner: any WeightBytes

    static let panelColumns = Int(VOKEN_PANEL_COLUMNS)

    /// - Parameter weight: `[N, K]`, or `[O, h, w, I]` (``Weight/channelsInnermost()``) as a matrix of
    ///   `[O, h · w · I]`; converted to the format if it is not stored so.
    public init(_ weight: Weight, format: Arithmetic = .bfloat16) {
        let block = WeightBlock(byteCount: Self.byteCount(weight.shape, format))
        if !DryRun.isRunning { unsafe Self.pack(weight, format, into: block.base) }
        unsafe self.init(
            weight.shape, format: format, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }

    /// A weight that was packed before, read in place.
    /// - Precondition: `bytes` holds ``byteCount(_:_:)`` bytes for as long as `owner` lives.
    init(
        _ shape: Shape, format: Arithmetic, unsafeBytes bytes: UnsafeRawPointer,
        owner: any WeightBytes
    ) {
        self.shape = shape
        self.format = format
        unsafe words = bytes.assumingMemoryBound(to: UInt32.self)
        self.owner = owner
    }

    /// - Parameter target: room for ``byteCount(_:_:)`` bytes.
    static func pack(
        _ weight: Weight, _ format: Arithmetic, into target: UnsafeMutableRawPointer
    ) {
        let columns = weight.shape[0]
        let depth = weight.shape.count / max(columns, 1)
        let steps = words(of: depth, format)
        let panel = panelColumns * steps
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
            let source = unsafe bytes + first * depth * weight.format.width
            switch format {
            case .float32:
                unsafe target.withMemoryRebound(to: Float.self, capacity: panel) { target in
                    unsafe Kernels.table.pack_panel_columns(
                        weight.format.kernelFormat, source, some, depth, target)
                }
            case .bfloat16:
                unsafe Kernels.table.pack_pair_columns(
                    weight.format.kernelFormat, source, some, depth, target)
            }
            guard some < panelColumns else { return }
            for step in 0..<steps {
                unsafe (target + step * panelColumns + some)
                    .update(repeating: 0, count: panelColumns - some)
            }
        }
    }

    /// Of the matrix: its rows, which are columns of a product, and their length.
    var columns: Int { shape[0] }
    var depth: Int { shape.count / max(columns, 1) }

    public var byteCount: Int { Self.byteCount(shape, format) }

    /// - Parameter shape: of a weight.
    static func byteCount(_ shape: Shape, _ format: Arithmetic) -> Int {
        let depth = shape.count / max(shape[0], 1)
        return (shape[0] + panelColumns - 1) / panelColumns * panelColumns
            * words(of: depth, format) * MemoryLayout<UInt32>.stride
    }

    private static func words(of depth: Int, _ format: Arithmetic) -> Int {
        format == .float32 ? depth : (depth + 1) / 2
    }

    /// Calls `body` with the numbers of all panels.
    /// - Precondition: they are 32-bit floats.
    func withFloats(_ body: (UnsafePointer<Float>) -> Void) {
        precondition(format == .float32, "floats of a weight in \(format)")
        defer { extendLifetime(owner) }
        unsafe body(UnsafeRawPointer(words).assumingMemoryBound(to: Float.self))
    }

    /// Calls `body` with the words of all panels.
    func withWords(_ body: (UnsafePointer<UInt32>) -> Void) {
        defer { extendLifetime(owner) }
        unsafe body(words)
    }
}

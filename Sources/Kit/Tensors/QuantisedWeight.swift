internal import CKernels

/// A matrix of 8-bit or 4-bit numbers in blocks of 32 along the depth that share a scale in half
/// precision, in the order in which products read it: panels of 16 rows.
///
/// The layout is the same on every CPU: a head of 64 bytes, then the panels. The head holds a factor
/// of all scales, a power of two that brings any matrix into the range of half precision, and what the
/// sixteen values of 4-bit numbers stand for. A number is `factor · scale · q`.
///
/// `@unchecked Sendable`: the bytes are never written after the weight was made, and `owner` keeps
/// them.
@safe public struct QuantisedWeight: @unchecked Sendable {
    public enum Format: String, Sendable, CaseIterable {
        /// `q` from -128 to 127, 8.5 bits a number.
        case q8_0
        /// `q` one of sixteen numbers from -127 to 127, 4.5 bits a number.
        case q4
    }

    /// `[N, K]`.
    public let shape: Shape
    public let format: Format
    let head: voken_quantised_head
    /// The head and the panels behind it.
    let bytes: UnsafeRawPointer
    private let owner: any WeightBytes

    /// Numbers that share a scale.
    static let block = 32
    /// Rows of a panel.
    static let panelRows = Int(VOKEN_QUANTISED_COLUMNS)
    static let headSize = MemoryLayout<voken_quantised_head>.size

    /// Whether a weight is a matrix of whole blocks: `[N, K]` with `K` a multiple of 32, which all of
    /// the initialisers require.
    public static func suits(_ shape: Shape) -> Bool {
        shape.rank == 2 && shape[0] > 0 && shape[1] > 0 && shape[1].isMultiple(of: block)
    }

    /// Bytes of a weight in this layout. The last panel is filled up with zeros, and so is a depth that
    /// is an odd number of blocks.
    public static func byteCount(_ shape: Shape, _ format: Format) -> Int {
        headSize + panels(shape) * panelSize(shape, format)
    }

    /// A weight in this layout, read in place: from a mapped file, say.
    ///
    /// Any bytes make some weight. Products are fastest where they begin at a multiple of 64.
    ///
    /// - Precondition: `bytes` holds ``byteCount(_:_:)`` bytes for as long as `owner` lives.
    public init(
        _ shape: Shape, format: Format, unsafeBytes bytes: UnsafeRawPointer,
        owner: any WeightBytes
    ) {
        precondition(Self.suits(shape), "QuantisedWeight: \(shape)")
        self.shape = shape
        self.format = format
        head = unsafe bytes.loadUnaligned(as: voken_quantised_head.self)
        unsafe self.bytes = bytes
        self.owner = owner
    }

    /// A weight whose panels, zeros at first, are written by `fill`.
    init(
        _ shape: Shape, format: Format, head: voken_quantised_head,
        fill: (UnsafeMutableRawPointer) -> Void
    ) {
        precondition(Self.suits(shape), "QuantisedWeight: \(shape)")
        let block = WeightBlock(byteCount: Self.byteCount(shape, format))
        unsafe block.base.storeBytes(of: head, as: voken_quantised_head.self)
        let panels = unsafe block.base + Self.headSize
        unsafe fill(panels)
        unsafe self.init(
            shape, format: format, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }

    public var byteCount: Int { Self.byteCount(shape, format) }

    /// Calls `body` with all bytes, to be written to a file.
    package func withStoredBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: byteCount)
        defer { extendLifetime(owner) }
        return try body(unsafe RawSpan(_unsafeBytes: buffer))
    }

    /// Calls `body` with the first panel.
    func withPanels(_ body: (UnsafePointer<UInt8>) -> Void) {
        defer { extendLifetime(owner) }
        unsafe body((bytes + Self.headSize).assumingMemoryBound(to: UInt8.self))
    }

    static func panels(_ shape: Shape) -> Int { (shape[0] + panelRows - 1) / panelRows }

    static func panelSize(_ shape: Shape, _ format: Format) -> Int {
        voken_quantised_spans(shape[1]) * voken_quantised_span(format.kernelFormat)
    }
}

extension QuantisedWeight.Format {
    var kernelFormat: voken_quantised { self == .q8_0 ? VOKEN_Q8_0 : VOKEN_Q4 }

    /// Where the numbers of a block, for one row, lie in a panel: words of four numbers for `q8_0`,
    /// of four pairs for `q4`, a line of 64 bytes from one to the next.
    func words(ofBlock block: Int, row: Int) -> Int {
        let span = voken_quantised_span(kernelFormat)
        return block / 2 * span + 64 + block % 2 * (span - 64) / 2 + 4 * row
    }

    /// Where the scale of a block, for one row, lies in a panel.
    func scale(ofBlock block: Int, row: Int) -> Int {
        block / 2 * voken_quantised_span(kernelFormat) + block % 2 * 32 + 2 * row
    }

    /// Words of a block of a row.
    var blockWords: Int { self == .q8_0 ? 8 : 4 }
}

/// The bytes of a weight in a ``PackedLayout``, usually in a mapped file, which keep them alive.
///
/// `@unchecked Sendable`: the bytes are never written after it was made.
@safe public struct PackedTensor: @unchecked Sendable {
    /// `[N, K]`, or `[O, h, w, I]`.
    public let shape: Shape
    public let layout: PackedLayout
    /// Equal parts along the first axis, each packed for itself: matrices that a model stores as one.
    public let parts: Int
    let bytes: UnsafeRawPointer
    let owner: any WeightBytes

    /// The address of the bytes is a multiple of this.
    public static let alignment = 64

    /// - Precondition: `parts` divides the first extent, and `bytes` holds ``byteCount`` bytes, aligned,
    ///   for as long as `owner` lives.
    public init(
        _ shape: Shape, _ layout: PackedLayout, parts: Int = 1, unsafeBytes bytes: UnsafeRawPointer,
        owner: any WeightBytes
    ) {
        precondition(parts >= 1 && shape[0] % parts == 0, "\(shape) in \(parts) parts")
        precondition(UInt(bitPattern: bytes) % UInt(Self.alignment) == 0, "unaligned weight")
        self.shape = shape
        self.layout = layout
        self.parts = parts
        unsafe self.bytes = bytes
        self.owner = owner
    }

    public var byteCount: Int { Self.byteCount(shape, layout, parts: parts) }

    /// The bytes of a tensor, a multiple of its alignment.
    public static func byteCount(_ shape: Shape, _ layout: PackedLayout, parts: Int) -> Int {
        parts * partBytes(shape, layout, parts: parts)
    }

    /// A part begins at an aligned address, like the tensor.
    static func partBytes(_ shape: Shape, _ layout: PackedLayout, parts: Int) -> Int {
        let count = layout.byteCount(shape.with(shape[0] / parts, at: 0))
        return (count + alignment - 1) / alignment * alignment
    }

    /// Calls `body` with all bytes, to be written to a file.
    public func withStoredBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: byteCount)
        defer { extendLifetime(owner) }
        return try body(unsafe RawSpan(_unsafeBytes: buffer))
    }

    /// The packed form of each part.
    func map<Form>(_ form: (Shape, UnsafeRawPointer, any WeightBytes) -> Form) -> [Form] {
        let part = shape.with(shape[0] / parts, at: 0)
        let size = Self.partBytes(shape, layout, parts: parts)
        return (0..<parts).map { unsafe form(part, bytes + $0 * size, owner) }
    }
}

extension PackedTensor {
    /// Packs a weight.
    /// - Parameter weight: `[N, K]`, or `[O, h, w, I]` (``Weight/channelsInnermost()``), which the
    ///   layout suits in each part.
    public init(_ weight: Weight, _ layout: PackedLayout, parts: Int = 1) {
        precondition(parts >= 1 && weight.shape[0] % parts == 0, "\(weight.shape) in \(parts)")
        let rows = weight.shape[0] / parts
        let size = Self.partBytes(weight.shape, layout, parts: parts)
        let block = WeightBlock(byteCount: parts * size)
        for part in 0..<parts {
            let target = unsafe block.base + part * size
            let source = weight.firstAxis(part * rows..<(part + 1) * rows)
            unsafe Self.pack(source, layout, into: target)
            let used = layout.byteCount(source.shape)
            unsafe (target + used).initializeMemory(
                as: UInt8.self, repeating: 0, count: size - used)
        }
        unsafe self.init(
            weight.shape, layout, parts: parts, unsafeBytes: UnsafeRawPointer(block.base),
            owner: block)
    }

    /// Numbers that are packed already.
    public init(_ weight: QuantisedWeight) {
        let layout: PackedLayout = weight.format == .q4 ? .q4 : .q8_0
        let size = Self.partBytes(weight.shape, layout, parts: 1)
        let block = WeightBlock(byteCount: size)
        unsafe Self.copy(weight, into: block.base)
        unsafe (block.base + weight.byteCount).initializeMemory(
            as: UInt8.self, repeating: 0, count: size - weight.byteCount)
        unsafe self.init(
            weight.shape, layout, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }

    private static func pack(
        _ weight: Weight, _ layout: PackedLayout, into target: UnsafeMutableRawPointer
    ) {
        switch layout {
        case .panels, .pairs:
            unsafe PackedWeight.pack(weight, layout.arithmetic, into: target)
        case .winograd, .winogradPairs:
            unsafe WinogradWeight.transform(
                weight, format: layout.arithmetic, into: target)
        case .q8_0, .q4:
            unsafe copy(QuantisedWeight(weight, format: layout.quantisedFormat), into: target)
        }
    }

    private static func copy(_ weight: QuantisedWeight, into target: UnsafeMutableRawPointer) {
        weight.withStoredBytes { bytes in
            unsafe bytes.withUnsafeBytes { bytes in
                guard let source = bytes.baseAddress else { return }
                unsafe target.copyMemory(from: source, byteCount: bytes.count)
            }
        }
    }
}

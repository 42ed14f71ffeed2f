/// How the numbers of a weight are stored. Arithmetic is always in 32-bit floats.
public enum WeightFormat: String, Sendable, CaseIterable {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"

    /// Bytes of one element.
    public var width: Int { self == .float32 ? 4 : 2 }
}

/// Something that keeps the bytes of weights alive: a mapped file or a block of memory.
public protocol WeightBytes: AnyObject, Sendable {}

/// A learned array as it is stored: f32, f16 or bf16, read in place, usually from a mapped file.
///
/// Layers hold weights, never arrays of floats, so that the format is chosen when a model is
/// loaded and model code does not know it.
///
/// `@unchecked Sendable`: the bytes are never written after the weight was made, and `owner`
/// keeps them mapped.
@safe public struct Weight: @unchecked Sendable {
    public let shape: Shape
    public let format: WeightFormat
    /// Row-major elements in the machine's byte order; `nil` for a weight that has a shape alone.
    let bytes: UnsafeRawPointer?
    let owner: (any WeightBytes)?

    /// - Precondition: `bytes` holds `shape.count` elements of `format` for as long as `owner`
    ///   lives, aligned to the format's width.
    public init(
        _ shape: Shape, format: WeightFormat, unsafeBytes bytes: UnsafeRawPointer,
        owner: any WeightBytes
    ) {
        precondition(UInt(bitPattern: bytes) % UInt(format.width) == 0, "unaligned weight")
        self.shape = shape
        self.format = format
        unsafe self.bytes = bytes
        self.owner = owner
    }

    /// A weight that has a shape but no numbers: enough to construct a model and list its
    /// parameters without a checkpoint. Reading its elements gives zeros.
    public init(shapeOnly shape: Shape) {
        self.shape = shape
        format = .float32
        unsafe bytes = nil
        owner = nil
    }

    /// A copy of `tensor`'s numbers in a format.
    public init(_ tensor: Tensor, format: WeightFormat = .float32) {
        let block = WeightBlock(byteCount: tensor.count * format.width)
        tensor.withSpan { span in
            for index in DryRun.isRunning ? 0..<0 : span.indices {
                switch format {
                case .float32:
                    unsafe block.base.storeBytes(
                        of: span[index], toByteOffset: index * 4, as: Float.self)
                case .float16:
                    unsafe block.base.storeBytes(
                        of: Float16(span[index]), toByteOffset: index * 2, as: Float16.self)
                case .bfloat16:
                    unsafe block.base.storeBytes(
                        of: roundedToBFloat16(span[index]), toByteOffset: index * 2,
                        as: UInt16.self)
                }
            }
        }
        unsafe self.init(
            tensor.shape, format: format, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }

    public var byteCount: Int { shape.count * format.width }

    /// Whether there are numbers behind the shape.
    public var isMaterialised: Bool { unsafe bytes != nil }

    /// The same numbers under another shape; nothing is copied.
    public func reshaped(_ shape: Shape) -> Weight {
        precondition(shape.count == self.shape.count, "cannot reshape \(self.shape) to \(shape)")
        guard let bytes = unsafe bytes, let owner else { return Weight(shapeOnly: shape) }
        return unsafe Weight(shape, format: format, unsafeBytes: bytes, owner: owner)
    }

    /// The elements of a `[O, I, H, W]` convolution weight rearranged to `[O, H, W, I]`, in the
    /// same format: the layout that convolutions over `[B, H, W, C]` read.
    public func channelsInnermost() -> Weight {
        precondition(shape.rank == 4, "a convolution weight has four axes, not \(shape)")
        let (outputs, inputs, height, width) = (shape[0], shape[1], shape[2], shape[3])
        let result: Shape = [outputs, height, width, inputs]
        // A 1×1 kernel, or one of a single input, has the same order either way.
        let area = height * width
        let isDry = DryRun.isRunning
        guard area > 1, inputs > 1, isMaterialised || isDry else { return reshaped(result) }
        let block = WeightBlock(byteCount: byteCount)
        let bytes = unsafe bytes ?? UnsafeRawPointer(block.base)
        for output in 0..<(isDry ? 0 : outputs) {
            let offset = output * inputs * area * format.width
            let (from, to) = unsafe (bytes + offset, block.base + offset)
            if format.width == 2 {
                unsafe transpose(
                    from.assumingMemoryBound(to: UInt16.self),
                    into: to.assumingMemoryBound(to: UInt16.self), rows: inputs, columns: area)
            } else {
                unsafe transpose(
                    from.assumingMemoryBound(to: UInt32.self),
                    into: to.assumingMemoryBound(to: UInt32.self), rows: inputs, columns: area)
            }
        }
        return unsafe Weight(
            result, format: format, unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }

    /// The elements as 32-bit floats, for the small weights (biases, norms, position tables) that
    /// are not worth reading in place.
    public func tensor() -> Tensor {
        guard isMaterialised else { return Tensor(shape, repeating: 0) }
        return unsafe Tensor(uninitialized: shape) { elements in
            unsafe decode(0..<shape.count, into: elements)
        }
    }

    /// Converts a run of elements to 32-bit floats.
    func decode(_ range: Range<Int>, into elements: UnsafeMutablePointer<Float>) {
        guard let bytes = unsafe bytes else {
            unsafe elements.update(repeating: 0, count: range.count)
            return
        }
        unsafe Kernels.table.decode(
            format.kernelFormat, bytes + range.lowerBound * format.width, elements, range.count)
    }
}

private func transpose<Element: BitwiseCopyable>(
    _ x: UnsafePointer<Element>, into y: UnsafeMutablePointer<Element>, rows: Int, columns: Int
) {
    for row in 0..<rows {
        for column in 0..<columns {
            unsafe y[column &* rows &+ row] = x[row &* columns &+ column]
        }
    }
}

/// The upper half of a float, rounded to nearest, ties to even; a NaN stays a NaN.
func roundedToBFloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
}

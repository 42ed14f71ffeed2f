internal import CKernels

/// The weight of a 3×3 convolution of stride 1, transformed for Winograd's minimal filtering
/// (Lavin and Gray, 2016, §4.1): 16 numbers for 9, in the order in which the products read them.
///
/// They are panels of 32 outputs, each `[16][words of the channels][32]`. A word is a 32-bit float, or two
/// neighbouring channels in bf16, the even one in its lower half. What is left of the last panel and of an
/// odd channel is zero. Layout and numbers are the same on every CPU.
///
/// `@unchecked Sendable`: the words are never written after it was made.
@safe public struct WinogradWeight: @unchecked Sendable {
    /// Outputs and inputs.
    public let outputs, channels: Int
    /// What the products of the transformed numbers are computed in.
    public let format: Arithmetic
    private let words: UnsafeRawPointer
    private let owner: any WeightBytes

    static let panelColumns = Int(VOKEN_WINOGRAD_COLUMNS)

    /// - Parameter weight: `[O, 3, 3, I]`, see ``Weight/channelsInnermost()``.
    public init(_ weight: Weight, format: Arithmetic = .float32) {
        precondition(
            weight.shape.rank == 4 && weight.shape[1] == 3 && weight.shape[2] == 3,
            "WinogradWeight: weight \(weight.shape)")
        let (outputs, channels) = (weight.shape[0], weight.shape[3])
        let block = WeightBlock(
            byteCount: Self.byteCount(outputs: outputs, channels: channels, format: format))
        if !DryRun.isRunning {
            unsafe Self.transform(weight, format: format, into: block.base)
        }
        unsafe self.init(
            outputs: outputs, channels: channels, format: format,
            unsafeBytes: UnsafeRawPointer(block.base), owner: block)
    }

    /// A weight that was transformed before, read in place.
    ///
    /// - Precondition: `bytes` holds ``byteCount(outputs:channels:format:)`` bytes for as long as
    ///   `owner` lives, aligned to four bytes; products are fastest where it is 64.
    public init(
        outputs: Int, channels: Int, format: Arithmetic, unsafeBytes bytes: UnsafeRawPointer,
        owner: any WeightBytes
    ) {
        precondition(UInt(bitPattern: bytes) % 4 == 0, "unaligned weight")
        self.outputs = outputs
        self.channels = channels
        self.format = format
        unsafe words = bytes
        self.owner = owner
    }

    /// Transforms a weight of `[O, 3, 3, I]`.
    /// - Parameter target: room for ``byteCount(outputs:channels:format:)`` bytes, aligned to four.
    static func transform(
        _ weight: Weight, format: Arithmetic, into target: UnsafeMutableRawPointer
    ) {
        let (outputs, channels) = (weight.shape[0], weight.shape[3])
        guard let bytes = unsafe weight.bytes else {
            let count = byteCount(outputs: outputs, channels: channels, format: format)
            unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
            return
        }
        let row = 9 * channels * weight.format.width
        let panel = byteCount(outputs: panelColumns, channels: channels, format: format)
        ThreadPool.run(panels(of: outputs)) { index in
            let first = index * panelColumns
            unsafe Kernels.table.winograd_weight(
                weight.format.kernelFormat, bytes + first * row,
                min(panelColumns, outputs - first), channels, format == .bfloat16,
                target + index * panel)
        }
    }

    /// Of a transformed weight.
    public static func byteCount(outputs: Int, channels: Int, format: Arithmetic) -> Int {
        panels(of: outputs) * panelColumns * 16
            * voken_winograd_words(channels, format == .bfloat16) * MemoryLayout<UInt32>.stride
    }

    public var byteCount: Int {
        Self.byteCount(outputs: outputs, channels: channels, format: format)
    }

    var panels: Int { Self.panels(of: outputs) }

    private static func panels(of outputs: Int) -> Int {
        (outputs + panelColumns - 1) / panelColumns
    }

    /// Calls `body` with the words of all panels.
    func withWords(_ body: (UnsafeRawPointer) -> Void) {
        defer { extendLifetime(owner) }
        unsafe body(words)
    }

    /// Calls `body` with the words of all panels, to be written to a file.
    package func withStoredBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = unsafe UnsafeRawBufferPointer(start: words, count: byteCount)
        defer { extendLifetime(owner) }
        return try body(unsafe RawSpan(_unsafeBytes: buffer))
    }
}

extension WinogradWeight {
    /// With fewer channels than these the transforms cost more than the products that they save.
    private static let leastChannels = 32

    /// Whether convolutions with a weight of `[O, h, w, I]` are faster by this method, in either format.
    public static func suits(_ shape: Shape, stride: Int) -> Bool {
        shape.rank == 4 && shape[1] == 3 && shape[2] == 3 && stride == 1
            && shape[0] >= leastChannels && shape[3] >= leastChannels
    }
}

internal import CKernels

extension QuantisedWeight {
    /// Quantises a weight; the bytes are the same on every CPU.
    ///
    /// In a block of `q8_0` the number of the largest magnitude becomes ±127. For a block of `q4` several
    /// scales are tried, and the one of the least squared error is taken. (Errors weighted by the
    /// numbers' magnitudes were tried: models got worse.)
    ///
    /// A block that holds a number that is not finite becomes NaN as a whole, and so does every
    /// product with it. A weight of a shape alone becomes zero.
    ///
    /// - Parameter weight: `[N, K]`, which ``suits(_:)``.
    public init(_ weight: Weight, format: Format) {
        precondition(Self.suits(weight.shape), "QuantisedWeight: \(weight.shape)")
        let (rows, depth) = (weight.shape[0], weight.shape[1])
        let (panels, size) = (Self.panels(weight.shape), Self.panelSize(weight.shape, format))
        let head = voken_quantised_head(factor: Self.factor(weight))
        unsafe self.init(weight.shape, format: format, head: head) { target in
            guard let bytes = unsafe weight.bytes else {
                unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: panels * size)
                return
            }
            ThreadPool.run(panels) { panel in
                let first = panel * Self.panelRows
                unsafe withUnsafePointer(to: head) { head in
                    unsafe Kernels.table.pack_quantised(
                        format.kernelFormat, head, weight.format.kernelFormat,
                        bytes + first * depth * weight.format.width,
                        min(Self.panelRows, rows - first), depth,
                        (target + panel * size).assumingMemoryBound(to: UInt8.self))
                }
            }
        }
    }

    /// A power of two that makes the greatest number of all one below 2¹⁷ and so its block's scale one
    /// below 2¹⁰ · 1.2: blocks with numbers 2²⁴ times smaller still have scales of full precision.
    private static func factor(_ weight: Weight) -> Float {
        guard let bytes = unsafe weight.bytes else { return 1 }
        let (rows, depth) = (weight.shape[0], weight.shape[1])
        let most = unsafe Tensor(uninitialized: [rows]) { most in
            ThreadPool.run(rows, grain: max(64 * 1024 / depth, 1)) { rows in
                for row in rows {
                    unsafe most[row] = Kernels.table.greatest_finite(
                        weight.format.kernelFormat, bytes + row * depth * weight.format.width,
                        depth)
                }
            }
        }
        guard let most = most.values.max(), most > 0 else { return 1 }
        return Float(sign: .plus, exponent: max(Int(most.exponent) - 16, -126), significand: 1)
    }
}

internal import CKernels

extension QuantisedWeight {
    /// All numbers in 32-bit floats: for merges, reports and comparisons.
    public func tensor() -> Tensor {
        let depth = shape[1]
        let size = Self.panelSize(shape, format)
        let levels = head.numbers
        return unsafe Tensor(uninitialized: shape) { target in
            unsafe withPanels { panels in
                ThreadPool.run(shape[0], grain: Self.panelRows) { rows in
                    let panel = unsafe panels + rows.lowerBound / Self.panelRows * size
                    for row in rows {
                        for block in 0..<depth / Self.block {
                            unsafe decode(
                                UnsafeRawPointer(panel), block, row: row - rows.lowerBound, levels,
                                into: target + row * depth + block * Self.block)
                        }
                    }
                }
            }
        }
    }

    private func decode(
        _ panel: UnsafeRawPointer, _ block: Int, row: Int, _ levels: [Float],
        into target: UnsafeMutablePointer<Float>
    ) {
        let bits = unsafe panel.loadUnaligned(
            fromByteOffset: format.scale(ofBlock: block, row: row), as: UInt16.self)
        // Scaled as a power of two is, without rounding, unless the number is subnormal.
        let scale = Float(Float16(bitPattern: bits)) * head.factor
        let words = format.words(ofBlock: block, row: row)
        for index in 0..<format.blockWords {
            for place in 0..<4 {
                let byte = unsafe panel.load(
                    fromByteOffset: words + 64 * index + place, as: UInt8.self)
                switch format {
                case .q8_0:
                    unsafe target[4 * index + place] = scale * (Float(byte) - 128)
                case .q4:
                    unsafe target[4 * index + place] = scale * levels[Int(byte & 15)]
                    unsafe target[16 + 4 * index + place] = scale * levels[Int(byte >> 4)]
                }
            }
        }
    }
}

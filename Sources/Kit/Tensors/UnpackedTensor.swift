extension PackedTensor {
    /// The numbers as they were before they were packed, row-major, a convolution's as
    /// `[O, I, h, w]`: to be stored in another type.
    /// - Returns: `nil` for a layout that does not keep them: see ``PackedLayout/keepsNumbers``.
    public func unpacked() -> Weight? {
        let rows: [Weight]
        switch layout {
        case .panels: rows = unsafe map { shape, bytes, _ in unsafe unpackedPanels(shape, bytes) }
        case .pairs: rows = unsafe map { shape, bytes, _ in unsafe unpackedPairs(shape, bytes) }
        case .winograd:
            rows = unsafe map { shape, bytes, _ in unsafe untransformed(shape, bytes) }
        case .winogradPairs, .q8_0, .q4: return nil
        }
        let whole = rows.count == 1 ? rows[0] : joined(rows)
        return shape.rank == 4 ? whole.channelsOutermost() : whole
    }

    /// Parts, one below the other.
    private func joined(_ parts: [Weight]) -> Weight {
        let size = parts[0].byteCount
        return Weight(shape, format: parts[0].format) { target in
            for (index, part) in parts.enumerated() {
                part.withStoredBytes { bytes in
                    for offset in 0..<size {
                        target.storeBytes(
                            of: unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self),
                            toByteOffset: index * size + offset, as: UInt8.self)
                    }
                }
            }
        }
    }
}

/// See ``PackedWeight``: panels of 32 columns.
func unpackedPanels(_ shape: Shape, _ bytes: UnsafeRawPointer) -> Weight {
    let width = PackedWeight.panelColumns
    let depth = shape.count / max(shape[0], 1)
    let numbers = unsafe bytes.assumingMemoryBound(to: Float.self)
    return Weight(shape) { target in
        for row in 0..<shape[0] {
            let panel = unsafe numbers + row / width * width * depth + row % width
            for column in 0..<depth {
                target[row * depth + column] = unsafe panel[column * width]
            }
        }
    }
}

/// See ``PackedWeight``: panels of 32 columns, a word for two neighbours along the depth.
private func unpackedPairs(_ shape: Shape, _ bytes: UnsafeRawPointer) -> Weight {
    let width = PackedWeight.panelColumns
    let depth = shape.count / max(shape[0], 1)
    let words = unsafe bytes.assumingMemoryBound(to: UInt32.self)
    return Weight(shape, format: .bfloat16) { target in
        for row in 0..<shape[0] {
            let panel = unsafe words + row / width * width * ((depth + 1) / 2) + row % width
            for column in 0..<depth {
                let word = unsafe panel[column / 2 * width]
                target.storeBytes(
                    of: UInt16(truncatingIfNeeded: column % 2 == 0 ? word : word >> 16),
                    toByteOffset: (row * depth + column) * 2, as: UInt16.self)
            }
        }
    }
}

/// See ``WinogradWeight``. A place of a kernel is one of the transformed places, or a difference of
/// two along each axis: exact but for the rounding of the transform.
private func untransformed(_ shape: Shape, _ bytes: UnsafeRawPointer) -> Weight {
    let width = WinogradWeight.panelColumns
    let channels = shape[3]
    let words = unsafe bytes.assumingMemoryBound(to: Float.self)
    let places: [[(place: Int, sign: Float)]] = [[(0, 1)], [(1, 1), (2, -1)], [(3, 1)]]
    return Weight(shape) { target in
        for output in 0..<shape[0] {
            let panel = unsafe words + output / width * width * 16 * channels + output % width
            for row in 0..<3 {
                for column in 0..<3 {
                    for channel in 0..<channels {
                        var sum: Float = 0
                        for down in places[row] {
                            for across in places[column] {
                                let plane = 4 * down.place + across.place
                                sum +=
                                    unsafe down.sign * across.sign
                                    * panel[(plane * channels + channel) * width]
                            }
                        }
                        target[((output * 3 + row) * 3 + column) * channels + channel] = sum
                    }
                }
            }
        }
    }
}

extension Weight {
    /// The elements of a `[O, H, W, I]` weight rearranged to `[O, I, H, W]`, as PyTorch has them.
    fileprivate func channelsOutermost() -> Weight {
        let (outputs, height, width, inputs) = (shape[0], shape[1], shape[2], shape[3])
        let area = height * width
        // As a convolution of a `[O, H · W, 1, I]` weight: the same exchange of two axes.
        let exchanged = reshaped([outputs, area, 1, inputs]).channelsInnermost()
        return exchanged.reshaped([outputs, inputs, height, width])
    }
}

extension PackedLayout {
    /// Whether the numbers that were packed are all there, rounded to a float format at most.
    public var keepsNumbers: Bool {
        switch self {
        case .panels, .pairs, .winograd: true
        case .winogradPairs, .q8_0, .q4: false
        }
    }
}

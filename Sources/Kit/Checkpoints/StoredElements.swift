extension StoredTensor {
    /// The elements as they are stored, made row-major.
    /// - Precondition: the tensor is of elements, not of blocks; `target` has their size.
    func copyElements(from file: MappedFile, into target: inout MutableRawSpan) {
        guard case .elements(let type) = format else { preconditionFailure("blocks: \(format)") }
        file.withBytes(bytes) { source in
            if strides == nil {
                unsafe target.withUnsafeMutableBytes { target in
                    unsafe source.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
                }
                return
            }
            switch type.width {
            case 1: copy(source, into: &target, as: UInt8.self)
            case 2: copy(source, into: &target, as: UInt16.self)
            case 4: copy(source, into: &target, as: UInt32.self)
            default: copy(source, into: &target, as: UInt64.self)
            }
        }
    }

    /// The numbers as 32-bit floats, row-major; those of f64 rounded.
    /// - Precondition: the format is readable; `target` has ``count`` places.
    func decode(from file: MappedFile, into target: inout MutableSpan<Float>) {
        file.withBytes(bytes) { source in
            switch format {
            case .blocks(let format): format.decode(source, into: &target)
            case .elements(.float32):
                decode(source, &target) { (bits: UInt32) in Float(bitPattern: bits) }
            case .elements(.float16):
                decode(source, &target) { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
            case .elements(.bfloat16):
                decode(source, &target) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
            case .elements(.float64):
                decode(source, &target) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
            case .elements, .packed: preconditionFailure("\(format) is not read as numbers")
            }
        }
    }

    private func copy<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ source: RawSpan, into target: inout MutableRawSpan, as bits: Bits.Type
    ) {
        let width = MemoryLayout<Bits>.size
        var position = 0
        var rows = RowOffsets(self)
        while let row = rows.next() {
            for index in 0..<rows.length {
                let element = unsafe source.unsafeLoadUnaligned(
                    fromByteOffset: (row + index * rows.stride) * width, as: Bits.self)
                target.storeBytes(of: element, toByteOffset: position, as: Bits.self)
                position += width
            }
        }
    }

    @inline(__always)
    private func decode<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ source: RawSpan, _ target: inout MutableSpan<Float>, _ number: (Bits) -> Float
    ) {
        let width = MemoryLayout<Bits>.size
        var position = 0
        var rows = RowOffsets(self)
        while let row = rows.next() {
            for index in 0..<rows.length {
                let bits = unsafe source.unsafeLoadUnaligned(
                    fromByteOffset: (row + index * rows.stride) * width, as: Bits.self)
                target[position] = number(Bits(littleEndian: bits))
                position += 1
            }
        }
    }
}

/// Where the rows of a tensor begin, in elements from its first, in row-major order.
private struct RowOffsets {
    /// Of one row, in elements.
    let length, stride: Int
    private let extents, strides: [Int]
    private var index: [Int]
    private var offset = 0
    private var isDone: Bool

    init(_ tensor: StoredTensor) {
        let all = tensor.strides ?? StoredTensor.rowMajorStrides(tensor.extents)
        length = tensor.extents.last ?? 1
        stride = all.last ?? 1
        extents = tensor.extents.dropLast()
        strides = all.dropLast()
        index = extents.map { _ in 0 }
        isDone = tensor.extents.contains(0)
    }

    mutating func next() -> Int? {
        if isDone { return nil }
        let current = offset
        var axis = extents.count - 1
        while axis >= 0 {
            index[axis] += 1
            offset += strides[axis]
            if index[axis] < extents[axis] { return current }
            offset -= strides[axis] * extents[axis]
            index[axis] = 0
            axis -= 1
        }
        isDone = true
        return current
    }
}

/// What a file says of one tensor; checked, so that reading it stays inside the file.
public struct StoredTensor: Sendable, Equatable {
    public let format: StoredFormat
    /// Outermost first.
    public let extents: [Int]
    /// In elements; `nil` where they lie row-major without gaps.
    public let strides: [Int]?
    /// Within the file: from the first element to the end of the last.
    public let bytes: Range<Int>

    init(_ format: StoredFormat, _ extents: [Int], strides: [Int]? = nil, at bytes: Range<Int>) {
        self.format = format
        self.extents = extents
        self.strides = strides
        self.bytes = bytes
    }

    /// The number of elements.
    public var count: Int { extents.reduce(1, *) }

    /// The bytes of elements of a width; `nil` on overflow. A zero extent counts as one until the
    /// end, so that no product of the others, in whatever order somebody forms it later, can
    /// overflow either.
    static func byteCount(_ extents: [Int], width: Int) -> Int? {
        var product = width
        for extent in extents {
            let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
            if overflow { return nil }
            product = next
        }
        return extents.contains(0) ? 0 : product
    }

    /// The strides of elements that lie row-major without gaps.
    static func rowMajorStrides(_ extents: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: extents.count)
        for axis in extents.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * max(extents[axis + 1], 1)
        }
        return strides
    }
}

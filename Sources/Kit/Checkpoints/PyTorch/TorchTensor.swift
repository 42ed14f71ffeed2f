extension TorchArchive {
    static let maximumRank = 8
    /// A view of few elements may stand for many (`expand`): one that takes more than the whole
    /// file is refused, unless it is small in any case.
    static let harmlessViewBytes = 1 << 16

    /// The tensor that `_rebuild_tensor_v2` is called for: storage, offset, extents, strides,
    /// whether it has a gradient, hooks, and in some files metadata.
    func tensor(
        _ arguments: PickleValues.Reference, _ values: PickleValues
    ) throws(CheckpointError) -> PickleValue {
        guard let members = values.tuple(arguments), (6...7).contains(members.count) else {
            throw malformed("a tensor that is rebuilt of something else than six or seven values")
        }
        let storage: TorchStorage
        switch values[members[0]] {
        case .storage(let known): storage = known
        case .opaque(let name): return .opaque(name)
        case let other: throw malformed("a tensor in \(other.kind), not in a storage")
        }
        if let axes = values.tuple(members[2])?.count, axes > Self.maximumRank {
            throw CheckpointError(
                .overLimit, path: file.path,
                "a tensor has \(axes) axes; the limit is \(Self.maximumRank)")
        }
        guard let offset = values.integer(members[1]),
            let extents = values.integers(members[2], limit: Self.maximumRank),
            let strides = values.integers(members[3], limit: extents.count),
            extents.count == strides.count, offset >= 0, extents.allSatisfy({ $0 >= 0 }),
            strides.allSatisfy({ $0 >= 0 })
        else { throw malformed("a tensor without a proper offset, shape and strides") }
        return .tensor(try view(storage, offset, extents, strides))
    }

    private func view(
        _ storage: TorchStorage, _ offset: Int, _ extents: [Int], _ strides: [Int]
    ) throws(CheckpointError) -> StoredTensor {
        let width = storage.type.width
        guard let byteCount = StoredTensor.byteCount(extents, width: width),
            let span = Self.span(extents, strides), span <= storage.count,
            offset <= storage.count - span
        else {
            throw malformed(
                "a tensor of shape \(extents) and strides \(strides) at \(offset) does not lie in "
                    + "its storage of \(storage.count) elements")
        }
        let start = storage.bytes.lowerBound + offset * width
        let dense = StoredTensor.rowMajorStrides(extents)
        let isDense =
            span == 0 || extents.indices.allSatisfy { extents[$0] == 1 || strides[$0] == dense[$0] }
        guard isDense || byteCount <= max(file.count, Self.harmlessViewBytes) else {
            throw CheckpointError(
                .overLimit, path: file.path,
                "a tensor of shape \(extents) repeats \(span) elements to \(byteCount) bytes, more "
                    + "than the file has")
        }
        return StoredTensor(
            .elements(storage.type), extents, strides: isDense ? nil : strides,
            at: start..<start + span * width)
    }

    /// The number of elements from the first to the last; `nil` on overflow.
    private static func span(_ extents: [Int], _ strides: [Int]) -> Int? {
        if extents.contains(0) { return 0 }
        var last = 0
        for (extent, stride) in zip(extents, strides) {
            let (reach, tooFar) = (extent - 1).multipliedReportingOverflow(by: stride)
            let (sum, overflow) = last.addingReportingOverflow(reach)
            if tooFar || overflow { return nil }
            last = sum
        }
        let (span, overflow) = last.addingReportingOverflow(1)
        return overflow ? nil : span
    }
}

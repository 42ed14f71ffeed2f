public import Tensors

/// The tensors of one mapped file by name: what is left of a file once its format is understood.
public struct TensorTable: Sendable {
    public let file: MappedFile
    let entries: [String: StoredTensor]

    /// - Parameter entries: checked to lie in the file.
    init(_ file: MappedFile, _ entries: [String: StoredTensor]) {
        self.file = file
        self.entries = entries
    }

    public subscript(name: String) -> StoredTensor? { entries[name] }

    /// Tensors of every kind, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// A tensor of at most four axes whose format is read; `nil` if there is none of that name.
    ///
    /// Elements of f32, f16 and bf16 are read in place, where they lie row-major at a multiple of
    /// their size. Views that lie otherwise are copied; f64 and blocks become f32.
    public func weight(named name: String) -> Weight? {
        guard let tensor = entries[name], tensor.format.isReadable,
            tensor.extents.count <= Shape.maximumRank
        else { return nil }
        let shape = Shape(tensor.extents)
        guard case .elements(let type) = tensor.format, let format = type.format else {
            return Weight(shape) { elements in tensor.decode(from: file, into: &elements) }
        }
        if tensor.strides == nil, tensor.bytes.lowerBound.isMultiple(of: format.width),
            let address = unsafe file.address(at: tensor.bytes.lowerBound)
        {
            return unsafe Weight(shape, format: format, unsafeBytes: address, owner: file)
        }
        return Weight(shape, format: format) { bytes in
            tensor.copyElements(from: file, into: &bytes)
        }
    }

    /// A tensor that lies packed, read in place; `nil` if there is none of that name.
    public func packed(named name: String) -> PackedTensor? {
        guard let tensor = entries[name],
            case .packed(let layout, let shape, let parts) = tensor.format,
            let address = unsafe file.address(at: tensor.bytes.lowerBound)
        else { return nil }
        return unsafe PackedTensor(
            shape, layout, parts: parts, unsafeBytes: address, owner: file)
    }

    /// Numbers of any rank.
    /// - Returns: `nil` if there is no tensor of the name.
    public func numbers(named name: String) throws(CheckpointError) -> TensorNumbers? {
        guard let tensor = entries[name] else { return nil }
        guard tensor.format.isReadable else {
            throw CheckpointError(
                .unsupported, path: file.path,
                "tensor \(name) is of dtype \(tensor.format); expected F64, F32, F16 or BF16")
        }
        var values = [Float](repeating: 0, count: tensor.count)
        var elements = values.mutableSpan
        tensor.decode(from: file, into: &elements)
        return TensorNumbers(extents: tensor.extents, values: values)
    }
}

/// Numbers of any rank, in 32-bit floats.
public struct TensorNumbers: Sendable, Equatable {
    public let extents: [Int]
    /// Row-major; those of f64 rounded.
    public let values: [Float]

    public init(extents: [Int], values: [Float]) {
        precondition(values.count == extents.reduce(1, *), "\(values.count) for \(extents)")
        self.extents = extents
        self.values = values
    }
}

import Tensors

/// The form in which a tensor is written.
struct StoredForm: Equatable {
    let format: WeightFormat
    /// As the file says it.
    let extents: [Int]

    init(_ request: AskedStage.Request, as type: WeightType) {
        format = type.format(rank: request.extents.count)
        extents = request.extents
    }

    var byteCount: Int { extents.reduce(format.width, *) }
    /// In a safetensors header.
    var typeName: String { format.rawValue }
    /// Where it must begin in the file.
    var alignment: Int { format.width }

    /// Gives the bytes to `write`, a piece at a time.
    func store(
        _ reader: TensorReader, write: (RawSpan) throws -> Void
    ) throws {
        if reader.origin.correction != nil || reader.columns == 0 {
            try store(reader.whole(), write)
            return
        }
        // As many rows as make about 8 MiB of 32-bit floats.
        let step = max(1, (2 << 20) / reader.columns)
        for start in stride(from: 0, to: reader.rows, by: step) {
            try store(reader.stored(start..<min(start + step, reader.rows)), write)
        }
    }

    private func store(_ weight: Weight, _ write: (RawSpan) throws -> Void) throws {
        let stored = weight.format == format ? weight : Weight(weight.tensor(), format: format)
        try stored.withStoredBytes { bytes in try write(bytes) }
    }
}

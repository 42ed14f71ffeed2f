import Checkpoints
import Layers
import Tensors

/// Turns a tensor into the bytes that a file holds of it.
struct TensorBytes {
    private let request: AskedStage.Request
    private let type: WeightType

    init(_ request: AskedStage.Request, as type: WeightType) {
        self.request = request
        self.type = type
    }

    var form: StoredForm { StoredForm(of: Shape(request.extents), for: request.use, as: type) }

    /// Gives the bytes to `write`, in pieces.
    func store(_ write: (RawSpan) throws -> Void) throws {
        if let packed = request.origin.packed(as: form) ?? request.origin.requantised(as: form) {
            try packed.withStoredBytes { bytes in try write(bytes) }
            return
        }
        let reader = try TensorReader(request.origin)
        // Packed tensors are put in another order as a whole.
        guard case .plain(let format, _) = form, request.origin.correction == nil,
            reader.columns > 0
        else {
            let weight = try reader.whole().reshaped(Shape(request.extents))
            try StoredParameter(weight, for: request.use, as: type)
                .withStoredBytes { bytes in try write(bytes) }
            return
        }
        // As many rows as make 8 MiB of 32-bit floats.
        let step = max(1, (2 << 20) / reader.columns)
        for start in stride(from: 0, to: reader.rows, by: step) {
            let rows = reader.stored(start..<min(start + step, reader.rows))
            let stored = rows.format == format ? rows : Weight(rows.tensor(), format: format)
            try stored.withStoredBytes { bytes in try write(bytes) }
        }
    }
}

public import Layers
public import Tensors

extension Safetensors {
    /// A tensor to be written: what is said of it, and how its bytes are had when their turn comes.
    public struct Part {
        public let name: String
        public let form: StoredForm
        let parameter: () throws(CheckpointError) -> StoredParameter

        /// - Parameter parameter: gives the tensor in that form, whatever its rank. Called once; what it gives is let go
        ///   before the next is asked for.
        public init(
            name: String, form: StoredForm,
            parameter: @escaping () throws(CheckpointError) -> StoredParameter
        ) {
            self.name = name
            self.form = form
            self.parameter = parameter
        }
    }

    /// Writes tensors to a file that appears only when it is complete.
    ///
    /// The same tensors give the same bytes, which are those of the reference implementation where
    /// nothing is packed: wider formats first, then by name, so that every tensor begins at a multiple
    /// of its element size. Packed tensors come before all others, each at a multiple of
    /// ``PackedTensor/alignment``.
    ///
    /// - Parameter parts: under distinct names of 1 to 512 bytes.
    public static func write(
        parts: [Part], metadata: [String: String] = [:], to path: String
    ) throws(CheckpointError) {
        let layout = SafetensorsLayout(
            parts.map { ($0.name, $0.form) }, metadata: metadata)
        let named = Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0) })
        var file = try AtomicFile(path: path)
        try file.append(layout.header)
        for place in layout.places {
            guard let part = named[place.name] else { continue }
            let parameter = try part.parameter()
            precondition(
                parameter.form.byteCount == part.form.byteCount, "\(part.name) is in another form")
            try parameter.withStoredBytes { bytes throws(CheckpointError) in
                try file.append(bytes)
            }
        }
        try file.finish()
    }

    /// The same for weights that are at hand, each with elements.
    public static func write(
        _ tensors: [(name: String, weight: Weight)], metadata: [String: String] = [:],
        to path: String
    ) throws(CheckpointError) {
        let parts = tensors.map { name, weight in
            let parameter = StoredParameter.plain(weight)
            return Part(name: name, form: parameter.form) { () throws(CheckpointError) in parameter
            }
        }
        try write(parts: parts, metadata: metadata, to: path)
    }

    /// The same for numbers of any rank, as f32.
    public static func write(
        numbers tensors: [(name: String, numbers: Numbers)], to path: String
    ) throws(CheckpointError) {
        let parts = tensors.map { name, numbers in
            Part(name: name, form: .plain(.float32, numbers.extents)) {
                () throws(CheckpointError) in
                .plain(Weight(Tensor([numbers.values.count], numbers.values)))
            }
        }
        try write(parts: parts, to: path)
    }
}

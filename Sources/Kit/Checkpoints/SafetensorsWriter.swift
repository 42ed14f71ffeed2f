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
        let sorted = parts.sorted { a, b in
            let (first, second) = (order(a.form), order(b.form))
            return first == second
                ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : first < second
        }
        var file = try AtomicFile(path: path)
        try file.append(header(sorted, metadata))
        for part in sorted {
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

    private static func order(_ form: StoredForm) -> Int {
        switch form {
        case .packed: 0
        case .plain(.float32, _): 1
        case .plain(.bfloat16, _): 2
        case .plain(.float16, _): 3
        }
    }

    private static func header(_ parts: [Part], _ metadata: [String: String]) -> [UInt8] {
        precondition(Set(parts.map(\.name)).count == parts.count, "a tensor name occurs twice")
        var metadata = metadata
        var packed: [(String, PackedLayout, Shape, Int)] = []
        var members: [String] = []
        var position = 0
        for part in parts {
            precondition(
                (1...SafetensorsHeader.maximumNameBytes).contains(part.name.utf8.count)
                    && part.name != "__metadata__", "\"\(part.name)\" cannot name a tensor")
            let end = position + part.form.byteCount
            let (type, extents) = described(part.form)
            if case .packed(let layout, let shape, let parts) = part.form {
                packed.append((part.name, layout, shape, parts))
            }
            let list = extents.map(String.init).joined(separator: ",")
            members.append(
                "\(JSON.quoted(part.name)):{\"dtype\":\"\(type)\","
                    + "\"shape\":[\(list)],\"data_offsets\":[\(position),\(end)]}")
            position = end
        }
        if !packed.isEmpty { metadata[PackedMetadata.key] = PackedMetadata.text(packed) }
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }
                .map { "\(JSON.quoted($0.key)):\(JSON.quoted($0.value))" }
            members.insert("\"__metadata__\":{\(pairs.joined(separator: ","))}", at: 0)
        }
        return framed("{\(members.joined(separator: ","))}", isPacked: !packed.isEmpty)
    }

    /// As the format says it: packed tensors are arrays of bytes to it.
    private static func described(_ form: StoredForm) -> (type: String, extents: [Int]) {
        switch form {
        case .plain(let format, let extents): (format.rawValue, extents)
        case .packed: (ElementType.uint8.rawValue, [form.byteCount])
        }
    }

    /// The length and the text, filled up so that the data begin aligned.
    private static func framed(_ text: String, isPacked: Bool) -> [UInt8] {
        var text = Array(text.utf8)
        let alignment = isPacked ? PackedTensor.alignment : 8
        while !(8 + text.count).isMultiple(of: alignment) { text.append(UInt8(ascii: " ")) }
        let length = UInt64(text.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text
    }
}

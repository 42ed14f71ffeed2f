import Tensors

/// Where each tensor of a safetensors file lies, known before any is written.
public struct SafetensorsLayout: Sendable {
    public struct Place: Sendable {
        public let name: String
        public let form: StoredForm
        /// In the file.
        public let start: Int
        public var end: Int { start + form.byteCount }
    }

    /// The beginning of the file.
    public let header: [UInt8]
    /// In the file's order: see ``Safetensors/write(parts:metadata:to:)``.
    public let places: [Place]

    /// Of the whole file.
    public var byteCount: Int { places.last?.end ?? header.count }

    /// - Parameter tensors: under distinct names of 1 to 512 bytes.
    public init(_ tensors: [(name: String, form: StoredForm)], metadata: [String: String] = [:]) {
        precondition(
            Set(tensors.map(\.name)).count == tensors.count, "a tensor name occurs twice")
        let sorted = tensors.sorted { a, b in
            let (first, second) = (Self.order(a.form), Self.order(b.form))
            return first == second
                ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : first < second
        }
        header = Self.header(sorted, metadata)
        var start = header.count
        places = sorted.map { name, form in
            defer { start += form.byteCount }
            return Place(name: name, form: form, start: start)
        }
    }

    private static func order(_ form: StoredForm) -> Int {
        switch form {
        case .packed: 0
        case .plain(.float32, _): 1
        case .plain(.bfloat16, _): 2
        case .plain(.float16, _): 3
        }
    }

    private static func header(
        _ tensors: [(name: String, form: StoredForm)], _ metadata: [String: String]
    ) -> [UInt8] {
        var metadata = metadata
        var packed: [(String, PackedLayout, Shape, Int)] = []
        var members: [String] = []
        var position = 0
        for (name, form) in tensors {
            precondition(
                (1...SafetensorsHeader.maximumNameBytes).contains(name.utf8.count)
                    && name != "__metadata__", "\"\(name)\" cannot name a tensor")
            let end = position + form.byteCount
            let (type, extents) = described(form)
            if case .packed(let layout, let shape, let parts) = form {
                packed.append((name, layout, shape, parts))
            }
            let list = extents.map(String.init).joined(separator: ",")
            members.append(
                "\(JSON.quoted(name)):{\"dtype\":\"\(type)\","
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

public import Tensors

extension Safetensors {
    /// Writes tensors to a file that appears only when it is complete.
    ///
    /// The same tensors give the same bytes, which are those of the reference implementation:
    /// wider formats first, then by name, so that every tensor begins at a multiple of its element
    /// size.
    ///
    /// - Parameter tensors: each with elements, under a distinct name of 1 to 512 bytes.
    public static func write(
        _ tensors: [(name: String, weight: Weight)], metadata: [String: String] = [:],
        to path: String
    ) throws(CheckpointError) {
        let parts = tensors.map { Part(name: $0.name, extents: $0.weight.shape.array, $0.weight) }
        try write(parts, metadata, to: path)
    }

    /// The same for numbers of any rank, as f32.
    public static func write(
        numbers tensors: [(name: String, numbers: Numbers)], to path: String
    ) throws(CheckpointError) {
        let parts = tensors.map { name, numbers in
            let flat = Tensor([numbers.values.count], numbers.values)
            return Part(name: name, extents: numbers.extents, Weight(flat))
        }
        try write(parts, [:], to: path)
    }

    /// A tensor to be written.
    private struct Part {
        let name: String
        let extents: [Int]
        let weight: Weight

        init(name: String, extents: [Int], _ weight: Weight) {
            self.name = name
            self.extents = extents
            self.weight = weight
        }
    }

    private static func write(
        _ parts: [Part], _ metadata: [String: String], to path: String
    ) throws(CheckpointError) {
        let sorted = parts.sorted { a, b in
            let (first, second) = (order(a.weight.format), order(b.weight.format))
            return first == second
                ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : first < second
        }
        var file = try AtomicFile(path: path)
        try file.append(header(sorted, metadata))
        for part in sorted {
            try part.weight.withStoredBytes { bytes throws(CheckpointError) in
                try file.append(bytes)
            }
        }
        try file.finish()
    }

    private static func order(_ format: WeightFormat) -> Int {
        switch format {
        case .float32: 0
        case .bfloat16: 1
        case .float16: 2
        }
    }

    private static func header(
        _ parts: [Part], _ metadata: [String: String]
    ) -> [UInt8] {
        precondition(Set(parts.map(\.name)).count == parts.count, "a tensor name occurs twice")
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }
                .map { "\(JSON.quoted($0.key)):\(JSON.quoted($0.value))" }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var position = 0
        for part in parts {
            let (name, weight) = (part.name, part.weight)
            precondition(
                (1...SafetensorsHeader.maximumNameBytes).contains(name.utf8.count)
                    && name != "__metadata__", "\"\(name)\" cannot name a tensor")
            let end = position + weight.byteCount
            let extents = part.extents.map(String.init).joined(separator: ",")
            members.append(
                "\(JSON.quoted(name)):{\"dtype\":\"\(weight.format.rawValue)\","
                    + "\"shape\":[\(extents)],\"data_offsets\":[\(position),\(end)]}")
            position = end
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        while !text.count.isMultiple(of: 8) { text.append(UInt8(ascii: " ")) }
        let length = UInt64(text.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text
    }
}

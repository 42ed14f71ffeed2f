/// The values of a GGUF file's metadata, bounded together: a byte of the file becomes some dozens
/// in memory.
struct GGUFMetadata {
    /// Values, those in arrays included; vocabularies have some hundred thousand.
    static let maximumValues = 1 << 21
    /// Arrays in arrays.
    static let maximumDepth = 4

    private var count = 0

    /// The numbers of `enum gguf_metadata_value_type`.
    private enum Kind: UInt32 {
        case uint8, int8, uint16, int16, uint32, int32, float32, boolean, string, array, uint64
        case int64, float64
    }

    /// A type and a value of it.
    mutating func next(
        _ reader: inout ByteReader, key: String
    ) throws(CheckpointError) -> SettingValue {
        let kind = try kind(&reader, key)
        return try value(kind, &reader, key, depth: 0)
    }

    private func kind(_ reader: inout ByteReader, _ key: String) throws(CheckpointError) -> Kind {
        let number: UInt32 = try reader.integer()
        guard let kind = Kind(rawValue: number) else {
            throw reader.malformed("gives \(key) the unknown value type \(number)")
        }
        return kind
    }

    private mutating func value(
        _ kind: Kind, _ reader: inout ByteReader, _ key: String, depth: Int
    ) throws(CheckpointError) -> SettingValue {
        count += 1
        guard count <= Self.maximumValues else {
            throw CheckpointError(
                .overLimit, path: reader.file.path,
                "over \(Self.maximumValues) values in the metadata, at \(key)")
        }
        switch kind {
        case .uint8: return .integer(Int(try reader.integer(as: UInt8.self)))
        case .int8: return .integer(Int(try reader.integer(as: Int8.self)))
        case .uint16: return .integer(Int(try reader.integer(as: UInt16.self)))
        case .int16: return .integer(Int(try reader.integer(as: Int16.self)))
        case .uint32: return .integer(Int(try reader.integer(as: UInt32.self)))
        case .int32: return .integer(Int(try reader.integer(as: Int32.self)))
        case .int64: return .integer(Int(try reader.integer(as: Int64.self)))
        case .uint64:
            let value: UInt64 = try reader.integer()
            guard let integer = Int(exactly: value) else {
                throw CheckpointError(
                    .unsupported, path: reader.file.path, "\(key) is \(value), over \(Int.max)")
            }
            return .integer(integer)
        case .float32: return .number(Double(Float(bitPattern: try reader.integer())))
        case .float64: return .number(Double(bitPattern: try reader.integer()))
        case .boolean:
            let value: UInt8 = try reader.integer()
            guard value <= 1 else {
                throw reader.malformed("has \(value) for true or false: \(key)")
            }
            return .boolean(value == 1)
        case .string: return .string(try reader.text(reader.integer()))
        case .array: return try array(&reader, key, depth: depth + 1)
        }
    }

    private mutating func array(
        _ reader: inout ByteReader, _ key: String, depth: Int
    ) throws(CheckpointError) -> SettingValue {
        guard depth <= Self.maximumDepth else {
            throw CheckpointError(
                .overLimit, path: reader.file.path,
                "\(key) has arrays in each other deeper than \(Self.maximumDepth)")
        }
        let kind = try kind(&reader, key)
        let length: UInt64 = try reader.integer()
        // The count is not believed before the elements were read.
        guard length <= UInt64(Self.maximumValues - count) else {
            throw CheckpointError(
                .overLimit, path: reader.file.path,
                "\(key) claims \(length) elements; the limit of all is \(Self.maximumValues)")
        }
        var elements: [SettingValue] = []
        for _ in 0..<length {
            elements.append(try value(kind, &reader, key, depth: depth))
        }
        return .array(elements)
    }
}

import Synchronization
public import Tensors

/// One safetensors file, mapped: an eight-byte header length, a JSON header, then the data
/// (https://huggingface.co/docs/safetensors, "Format").
///
/// Opening checks every count, product and offset of the header against the size of the file, so
/// that reading a tensor afterwards cannot fail.
public final class Safetensors: Sendable {
    /// What the header says of one tensor; checked.
    struct Entry: Sendable {
        let type: ElementType
        let extents: [Int]
        /// Within the file.
        let bytes: Range<Int>
    }

    public let file: MappedFile
    /// The strings under `__metadata__`.
    public let metadata: [String: String]
    let entries: [String: Entry]
    private let knownHash = Mutex<String?>(nil)

    public init(path: String) throws(CheckpointError) {
        file = try MappedFile(path: path)
        let header = try SafetensorsHeader(file)
        metadata = header.metadata
        entries = header.entries
    }

    public var path: String { file.path }

    /// SHA-256 of the whole file; reads it when first asked for.
    var hash: String {
        knownHash.withLock { known in
            if let known { return known }
            var hash = SHA256()
            hash.update(file)
            let digest = hash.finish()
            known = digest
            return digest
        }
    }

    /// Tensors of every kind, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// A tensor of f32, f16 or bf16 of at most four axes; `nil` if there is none of that name.
    ///
    /// Elements are read in place; only data that does not begin at a multiple of their size is
    /// copied.
    public func weight(named name: String) -> Weight? {
        guard let entry = entries[name], let format = entry.type.format,
            entry.extents.count <= Shape.maximumRank
        else { return nil }
        let shape = Shape(entry.extents)
        guard entry.bytes.lowerBound.isMultiple(of: format.width),
            let address = unsafe file.address(at: entry.bytes.lowerBound)
        else {
            return Weight(shape, format: format, copying: file.bytes(entry.bytes))
        }
        return unsafe Weight(shape, format: format, unsafeBytes: address, owner: file)
    }
}

extension Safetensors {
    /// Numbers of any floating-point type that is not narrower than 16 bits, and of any rank.
    public struct Numbers: Sendable, Equatable {
        public let extents: [Int]
        /// Row-major; those of f64 rounded.
        public let values: [Float]

        public init(extents: [Int], values: [Float]) {
            precondition(values.count == extents.reduce(1, *), "\(values.count) for \(extents)")
            self.extents = extents
            self.values = values
        }
    }

    /// The shape of a tensor of any kind; `nil` if there is none of that name.
    public func extents(of name: String) -> [Int]? { entries[name]?.extents }

    /// - Returns: `nil` if there is no tensor of the name.
    public func numbers(named name: String) throws(CheckpointError) -> Numbers? {
        guard let entry = entries[name] else { return nil }
        let bytes = file.bytes(entry.bytes)
        let values: [Float]
        switch entry.type {
        case .float16:
            values = integers(bytes).map { Float(Float16(bitPattern: $0)) }
        case .bfloat16:
            values = integers(bytes).map { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
        case .float32: values = integers(bytes).map { Float(bitPattern: $0) }
        case .float64: values = integers(bytes).map { Float(Double(bitPattern: $0)) }
        default:
            throw CheckpointError(
                .unsupported, path: path,
                "tensor \(name) is of dtype \(entry.type.rawValue); expected F64, F32, F16 or BF16")
        }
        return Numbers(extents: entry.extents, values: values)
    }
}

/// Little-endian integers one after the other.
private func integers<Integer: FixedWidthInteger>(_ bytes: [UInt8]) -> [Integer] {
    let width = Integer.bitWidth / 8
    return stride(from: 0, to: bytes.count, by: width).map { start in
        bytes[start..<start + width].reversed().reduce(0) { $0 << 8 | Integer($1) }
    }
}

/// An element type of the format, weights or not.
enum ElementType: String, Sendable {
    case boolean = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case float8e4m3 = "F8_E4M3"
    case float8e5m2 = "F8_E5M2"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case int64 = "I64"
    case uint64 = "U64"
    case float64 = "F64"

    /// Bytes of one element.
    var width: Int {
        switch self {
        case .boolean, .uint8, .int8, .float8e4m3, .float8e5m2: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// `nil` for types that are not read as weights.
    var format: WeightFormat? { WeightFormat(rawValue: rawValue) }

    /// Integers in a checkpoint are position ids and counters, which models compute themselves.
    var isInteger: Bool {
        switch self {
        case .boolean, .uint8, .int8, .int16, .uint16, .int32, .uint32, .int64, .uint64: true
        case .float8e4m3, .float8e5m2, .float16, .bfloat16, .float32, .float64: false
        }
    }
}

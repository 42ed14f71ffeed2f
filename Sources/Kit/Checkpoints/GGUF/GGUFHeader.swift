/// Everything of a GGUF file that comes before the numbers, checked before anything in it is
/// believed.
struct GGUFHeader {
    static let maximumTensors = 65_536
    static let maximumKeys = 65_536
    static let maximumNameBytes = 512
    /// `GGML_MAX_DIMS`
    static let maximumRank = 4

    private(set) var metadata: [String: SettingValue] = [:]
    private(set) var entries: [String: StoredTensor] = [:]

    init(_ file: MappedFile) throws(CheckpointError) {
        var reader = ByteReader(file, 0..<file.count, of: "the header")
        let version = try Self.version(&reader)
        guard (2...3).contains(version) else {
            throw CheckpointError(
                .unsupported, path: file.path,
                version & 0xffff == 0
                    ? "a big-endian GGUF file; convert it with gguf-convert-endian"
                    : "of GGUF version \(version); read are 2 and 3")
        }
        let tensorCount: UInt64 = try reader.integer()
        let keyCount: UInt64 = try reader.integer()
        guard tensorCount <= Self.maximumTensors, keyCount <= Self.maximumKeys else {
            throw CheckpointError(
                .overLimit, path: file.path,
                "\(tensorCount) tensors and \(keyCount) keys; the limits are "
                    + "\(Self.maximumTensors) and \(Self.maximumKeys)")
        }
        try readMetadata(keyCount, &reader)
        var places: [GGUFTensorInfo] = []
        var names: Set<String> = []
        for _ in 0..<tensorCount {
            let info = try GGUFTensorInfo(&reader)
            guard names.insert(info.name).inserted else {
                throw reader.malformed("lists tensor \(info.name) twice")
            }
            places.append(info)
        }
        try place(places, after: reader.position, in: file)
    }

    private static func version(_ reader: inout ByteReader) throws(CheckpointError) -> UInt32 {
        guard try reader.integer(as: UInt32.self) == 0x4655_4747 else {
            throw CheckpointError(.malformed, path: reader.file.path, "not a GGUF file")
        }
        return try reader.integer()
    }

    private mutating func readMetadata(
        _ count: UInt64, _ reader: inout ByteReader
    ) throws(CheckpointError) {
        var values = GGUFMetadata()
        for _ in 0..<count {
            let key = try reader.text(reader.integer(), limit: Self.maximumNameBytes, "a key")
            let value = try values.next(&reader, key: key)
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw reader.malformed("has the key \(key) twice")
            }
        }
    }

    /// Finds the tensors in the data, which begins at the next multiple of the alignment.
    private mutating func place(
        _ infos: [GGUFTensorInfo], after end: Int, in file: MappedFile
    ) throws(CheckpointError) {
        func malformed(_ message: String) -> CheckpointError {
            CheckpointError(.malformed, path: file.path, message)
        }
        let alignment = try alignment(file.path)
        // A file without tensors need not be padded.
        let start = min((end + alignment - 1) / alignment * alignment, file.count)
        var position = start
        for info in infos.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
            guard info.offset.isMultiple(of: UInt64(alignment)) else {
                throw malformed(
                    "tensor \(info.name) lies at \(info.offset) of the data, not a multiple of "
                        + "\(alignment)")
            }
            guard info.offset <= UInt64(file.count - start),
                info.byteCount <= file.count - start - Int(info.offset)
            else {
                throw malformed(
                    "truncated: tensor \(info.name) lies at \(info.offset) of the data with "
                        + "\(info.byteCount) bytes, the file holds \(file.count - start) of it")
            }
            let first = start + Int(info.offset)
            // What lies between two tensors is padding: more would be bytes that have no name.
            guard first >= position, first - position < alignment else {
                let what = first < position ? "overlaps another" : "follows a hole"
                throw malformed("tensor \(info.name) \(what)")
            }
            position = first + info.byteCount
            entries[info.name] = StoredTensor(info.format, info.extents, at: first..<position)
        }
        guard file.count - position < alignment else {
            throw malformed("\(file.count - position) bytes at the end belong to no tensor")
        }
    }

    private func alignment(_ path: String) throws(CheckpointError) -> Int {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard case .integer(let alignment) = value, (8...65_536).contains(alignment),
            alignment & (alignment - 1) == 0
        else {
            throw CheckpointError(
                .malformed, path: path,
                "general.alignment is \(value.literal.prefix(40)); expected a power of two of 8 to "
                    + "65536")
        }
        return alignment
    }
}

extension ByteReader {
    /// Text of a length that the file gives.
    mutating func text(
        _ count: UInt64, limit: Int, _ what: String
    ) throws(CheckpointError) -> String {
        guard (1...UInt64(limit)).contains(count) else {
            throw CheckpointError(
                .overLimit, path: file.path,
                "\(what) of \(count) bytes; allowed are 1 to \(limit)")
        }
        return try text(count)
    }
}

import Tensors

/// The header of a safetensors file, checked before anything in it is believed.
struct SafetensorsHeader {
    static let maximumHeaderBytes = 16 << 20
    static let maximumTensors = 65_536
    static let maximumRank = 8
    static let maximumNameBytes = 512

    private(set) var metadata: [String: String] = [:]
    private(set) var entries: [String: StoredTensor] = [:]
    private let path: String

    init(_ file: MappedFile) throws(CheckpointError) {
        path = file.path
        guard file.count >= 8 else {
            throw malformed("\(file.count) bytes are too few for a safetensors file")
        }
        let length = file.bytes(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= Self.maximumHeaderBytes else {
            throw CheckpointError(
                .overLimit, path: path,
                "the header claims \(length) bytes, the limit is \(Self.maximumHeaderBytes); "
                    + "is this a safetensors file?")
        }
        guard length <= file.count - 8 else {
            throw malformed(
                "truncated: the header claims \(length) bytes, the file has \(file.count - 8) "
                    + "after its first eight")
        }
        let dataStart = 8 + Int(length)
        for (name, value) in try members(file.bytes(8..<dataStart)) {
            if name == "__metadata__" {
                metadata = try strings(value)
            } else {
                entries[name] = try entry(name, value, dataStart: dataStart, fileSize: file.count)
            }
        }
        try requireContiguous(dataStart..<file.count)
        if let packed = metadata[PackedMetadata.key] {
            try PackedMetadata.apply(packed, to: &entries, path: path)
        }
    }

    private func members(_ header: [UInt8]) throws(CheckpointError) -> [String: SettingValue] {
        let value: SettingValue
        do { value = try JSON.parse(header) } catch { throw malformed("in the header, \(error)") }
        guard case .table(let members) = value else {
            throw malformed("the header is \(value.kind), not an object")
        }
        let tensors = members.count - (members["__metadata__"] == nil ? 0 : 1)
        guard tensors <= Self.maximumTensors else {
            throw CheckpointError(
                .overLimit, path: path, "\(tensors) tensors; the limit is \(Self.maximumTensors)")
        }
        return members
    }

    private func strings(_ value: SettingValue) throws(CheckpointError) -> [String: String] {
        guard case .table(let members) = value else {
            throw malformed("__metadata__ is \(value.kind), not an object")
        }
        var strings: [String: String] = [:]
        for (key, member) in members {
            guard case .string(let string) = member else {
                throw malformed("__metadata__.\(key) is \(member.kind), not a string")
            }
            strings[key] = string
        }
        return strings
    }

    private func entry(
        _ name: String, _ value: SettingValue, dataStart: Int, fileSize: Int
    ) throws(CheckpointError) -> StoredTensor {
        guard !name.isEmpty, name.utf8.count <= Self.maximumNameBytes else {
            throw CheckpointError(
                .overLimit, path: path,
                "a tensor name of \(name.utf8.count) bytes; allowed are "
                    + "1 to \(Self.maximumNameBytes)")
        }
        guard case .table(let members) = value, members.count == 3,
            case .string(let typeName)? = members["dtype"],
            let extents = members["shape"].flatMap(Self.counts),
            let offsets = members["data_offsets"].flatMap(Self.counts), offsets.count == 2
        else { throw malformed("tensor \(name) lacks a proper dtype, shape or data_offsets") }
        guard let type = ElementType(rawValue: typeName) else {
            throw CheckpointError(
                .unsupported, path: path, "tensor \(name) has unknown dtype \"\(typeName)\"")
        }
        guard extents.count <= Self.maximumRank else {
            throw CheckpointError(
                .overLimit, path: path,
                "tensor \(name) has \(extents.count) axes; the limit is \(Self.maximumRank)")
        }
        let (begin, end) = (offsets[0], offsets[1])
        guard begin <= end, end <= fileSize - dataStart else {
            throw malformed(
                "truncated: tensor \(name) lies at \(begin)..<\(end) of the data, the file holds "
                    + "\(fileSize - dataStart) bytes of it")
        }
        guard let byteCount = StoredTensor.byteCount(extents, width: type.width),
            byteCount == end - begin
        else {
            throw malformed(
                "tensor \(name) of shape \(extents) and dtype \(typeName) does not fill its "
                    + "\(end - begin) bytes")
        }
        return StoredTensor(.elements(type), extents, at: dataStart + begin..<dataStart + end)
    }

    /// Non-negative integers.
    static func counts(_ value: SettingValue) -> [Int]? {
        guard case .array(let elements) = value else { return nil }
        var counts: [Int] = []
        for element in elements {
            guard case .integer(let count) = element, count >= 0 else { return nil }
            counts.append(count)
        }
        return counts
    }

    /// Each byte of the data belongs to one tensor: two names for the same bytes, or bytes with no
    /// name, are how a file smuggles something past one of two readers.
    private func requireContiguous(_ data: Range<Int>) throws(CheckpointError) {
        var position = data.lowerBound
        let sorted = entries.sorted {
            ($0.value.bytes.lowerBound, $0.value.bytes.upperBound, $0.key)
                < ($1.value.bytes.lowerBound, $1.value.bytes.upperBound, $1.key)
        }
        for (name, entry) in sorted {
            guard entry.bytes.lowerBound == position else {
                let what = entry.bytes.lowerBound < position ? "overlaps another" : "follows a hole"
                throw malformed("tensor \(name) \(what)")
            }
            position = entry.bytes.upperBound
        }
        guard position == data.upperBound else {
            throw malformed("\(data.upperBound - position) bytes at the end belong to no tensor")
        }
    }

    private func malformed(_ message: String) -> CheckpointError {
        CheckpointError(.malformed, path: path, message)
    }
}

import Tensors

/// What a safetensors file says of its packed tensors, under a key of its metadata: an object that has
/// for each name the layout, the shape of the weight, and its parts. To the format they are arrays
/// of bytes.
enum PackedMetadata {
    static let key = "voken.packed"

    private static let maximumElements = 1 << 44

    static func text(
        _ tensors: [(name: String, layout: PackedLayout, shape: Shape, parts: Int)]
    )
        -> String
    {
        let members = tensors.map { name, layout, shape, parts in
            let extents = shape.array.map(String.init).joined(separator: ",")
            return "\(JSON.quoted(name)):{\"layout\":\(JSON.quoted(layout.rawValue)),"
                + "\"parts\":\(parts),\"shape\":[\(extents)]}"
        }
        return "{\(members.joined(separator: ","))}"
    }

    /// Replaces what the header says of packed tensors.
    static func apply(
        _ text: String, to entries: inout [String: StoredTensor], path: String
    ) throws(CheckpointError) {
        let value: SettingValue
        do { value = try JSON.parse(Array(text.utf8)) } catch {
            throw CheckpointError(.malformed, path: path, "in \(key), \(error)")
        }
        guard case .table(let members) = value else {
            throw CheckpointError(.malformed, path: path, "\(key) is \(value.kind), not an object")
        }
        for (name, member) in members {
            guard let entry = entries[name], entry.format == .elements(.uint8),
                entry.extents.count == 1
            else {
                throw CheckpointError(
                    .malformed, path: path, "\(key) names \(name), which is no array of bytes")
            }
            entries[name] = try packed(name, member, entry, path)
        }
    }

    private static func packed(
        _ name: String, _ member: SettingValue, _ entry: StoredTensor, _ path: String
    ) throws(CheckpointError) -> StoredTensor {
        guard case .table(let fields) = member, fields.count == 3,
            case .string(let layoutName)? = fields["layout"],
            case .integer(let parts)? = fields["parts"],
            let extents = fields["shape"].flatMap(SafetensorsHeader.counts),
            (1...Shape.maximumRank).contains(extents.count)
        else {
            throw CheckpointError(
                .malformed, path: path,
                "\(key) lacks a proper layout, shape or parts of tensor \(name)")
        }
        guard let layout = PackedLayout(rawValue: layoutName) else {
            throw CheckpointError(
                .unsupported, path: path,
                "tensor \(name) is packed as \"\(layoutName)\", which this version does not know; "
                    + "import the model again")
        }
        guard let count = StoredTensor.byteCount(extents, width: 1), count <= maximumElements,
            parts >= 1, extents[0] >= 1, extents[0].isMultiple(of: parts)
        else {
            throw CheckpointError(
                .malformed, path: path,
                "tensor \(name) cannot be of shape \(extents) in \(parts) parts")
        }
        let shape = Shape(extents)
        guard layout.suits(shape.with(shape[0] / parts, at: 0)),
            PackedTensor.byteCount(shape, layout, parts: parts) == entry.bytes.count
        else {
            throw CheckpointError(
                .malformed, path: path,
                "tensor \(name) of shape \(shape) as \(layoutName) does not fill its "
                    + "\(entry.bytes.count) bytes")
        }
        guard entry.bytes.lowerBound.isMultiple(of: PackedTensor.alignment) else {
            throw CheckpointError(
                .malformed, path: path,
                "packed tensor \(name) begins at byte \(entry.bytes.lowerBound), "
                    + "not at a multiple of \(PackedTensor.alignment)")
        }
        return StoredTensor(.packed(layout, shape, parts: parts), extents, at: entry.bytes)
    }
}

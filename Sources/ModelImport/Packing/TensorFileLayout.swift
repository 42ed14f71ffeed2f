import Checkpoints

/// Where each tensor of a safetensors file will lie, known before any is written: so that a file
/// can be written from its beginning to its end, and gone on with where it was left.
struct TensorFileLayout {
    struct Place {
        let request: AskedStage.Request
        let form: StoredForm
        /// In the file.
        let start: Int
        var end: Int { start + form.byteCount }
    }

    /// The beginning of the file.
    let header: [UInt8]
    /// In the file's order.
    let places: [Place]

    /// Data begins at a multiple of this, and with it all that is aligned within it.
    private static let alignment = 64

    /// The order is that of the reference implementation, wider alignments first and then by name:
    /// so that no tensor needs a gap before it, which the format forbids.
    init(_ requests: [AskedStage.Request], as type: WeightType, metadata: [String: String]) {
        let forms = requests.map { (request: $0, form: StoredForm($0, as: type)) }
            .sorted { a, b in
                a.form.alignment == b.form.alignment
                    ? a.request.name.utf8.lexicographicallyPrecedes(b.request.name.utf8)
                    : a.form.alignment > b.form.alignment
            }
        var members: [String] = []
        if !metadata.isEmpty {
            let table = SettingValue.table(metadata.mapValues { .string($0) })
            members.append("\"__metadata__\":\(table.json)")
        }
        var position = 0
        for (request, form) in forms {
            let extents = form.extents.map(String.init).joined(separator: ",")
            members.append(
                "\(JSON.quoted(request.name)):{\"dtype\":\"\(form.typeName)\",\"shape\":[\(extents)],"
                    + "\"data_offsets\":[\(position),\(position + form.byteCount)]}")
            position += form.byteCount
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        while !(text.count + 8).isMultiple(of: Self.alignment) { text.append(UInt8(ascii: " ")) }
        let length = UInt64(text.count)
        header = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text
        var start = header.count
        places = forms.map { request, form in
            defer { start += form.byteCount }
            return Place(request: request, form: form, start: start)
        }
    }

    /// Of the whole file.
    var byteCount: Int { places.last?.end ?? header.count }
}

import Checkpoints

extension SettingValue {
    /// The value as JSON text for people: a member a line, keys in order.
    var indentedJSON: String { indented("") + "\n" }

    private func indented(_ margin: String) -> String {
        let inner = margin + "  "
        switch self {
        case .table(let members) where !members.isEmpty:
            let lines = members.sorted { $0.key < $1.key }
                .map { "\(inner)\(JSON.quoted($0.key)): \($0.value.indented(inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(margin)}"
        case .array(let elements) where elements.contains { $0.isContainer }:
            let lines = elements.map { inner + $0.indented(inner) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(margin)]"
        default: return json
        }
    }

    private var isContainer: Bool {
        switch self {
        case .table, .array: true
        case .string, .integer, .number, .boolean, .null: false
        }
    }
}

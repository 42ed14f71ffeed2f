import Checkpoints
import TOMLKit

/// Reads TOML text as a tree of settings.
/// - Parameter file: the path, for messages.
func parseTOML(_ text: String, file: String) throws(PipelineError) -> [String: SettingValue] {
    // toml++ is handed a C string and would silently stop at a NUL.
    guard !text.utf8.contains(0) else {
        throw PipelineError(.syntax, file: file, "holds a NUL byte: not a text file")
    }
    let table: TOMLTable
    do {
        table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
        let place = error.source.begin
        throw PipelineError(
            .syntax, file: file, line: place.line, "column \(place.column): \(error.description)")
    } catch {
        throw PipelineError(.syntax, file: file, "\(error)")
    }
    return try tree(table, key: "", file: file)
}

private func tree(
    _ table: TOMLTable, key: String, file: String
) throws(PipelineError) -> [String: SettingValue] {
    var values: [String: SettingValue] = [:]
    for name in table.keys {
        let below = key.isEmpty ? name : key + "." + name
        // A key with an escaped NUL is listed but cannot be looked up through a C string.
        guard let node = table[name] else {
            throw PipelineError(.syntax, file: file, "key \"\(below)\" cannot be read")
        }
        values[name] = try value(node, key: below, file: file)
    }
    return values
}

private func value(
    _ node: any TOMLValueConvertible, key: String, file: String
) throws(PipelineError) -> SettingValue {
    if let string = node.string { return .string(string) }
    if let integer = node.int { return .integer(integer) }
    if let number = node.double { return .number(number) }
    if let boolean = node.bool { return .boolean(boolean) }
    if let table = node.table { return .table(try tree(table, key: key, file: file)) }
    if let array = node.array {
        var elements: [SettingValue] = []
        for element in array { elements.append(try value(element, key: key, file: file)) }
        return .array(elements)
    }
    throw PipelineError(
        .badSetting, file: file, "\(key): a \(node.type) is no value of a pipeline file")
}

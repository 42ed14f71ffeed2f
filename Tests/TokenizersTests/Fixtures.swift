import Checkpoints
import TestSupport

func fixturePath(_ name: String) -> String { fixture(name).path }

/// Reference cases, written by `Tests/Reference/tokenizer_ids.py`.
func fixtureCases(_ keys: String...) throws -> [Settings] {
    let bytes = try BoundedFile.read(fixturePath("tokenizers.json"), limit: 1 << 20)
    var value = try JSON.parse(bytes)
    for key in keys {
        guard case .table(let members) = value, let member = members[key] else { return [] }
        value = member
    }
    guard case .array(let elements) = value else { return [] }
    return elements.compactMap { element in
        guard case .table(let members) = element else { return nil }
        return Settings(members)
    }
}

/// A file that is one JSON object.
func object(_ bytes: [UInt8]) throws -> Settings {
    guard case .table(let members) = try JSON.parse(bytes) else { throw JSONShape() }
    return Settings(members)
}

/// The objects of an array in it.
func tables(_ settings: Settings, _ key: String) throws -> [Settings] {
    guard case .array(let elements) = settings.value(key) else { throw JSONShape() }
    return try elements.map { element in
        guard case .table(let members) = element else { throw JSONShape() }
        return Settings(members)
    }
}

struct JSONShape: Error {}

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

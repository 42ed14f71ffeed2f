import Checkpoints

/// `tokenizer_config.json`, the file in which transformers names the special tokens.
enum TokenizerConfiguration {
    /// The special tokens that the file in a folder names; none without a file.
    /// - Throws: for a name that is not in the vocabulary.
    static func special(_ folder: String, _ vocabulary: BytePairVocabulary) throws -> SpecialIDs {
        let bytes: [UInt8]
        do { bytes = try BoundedFile.read(folder + "/tokenizer_config.json", limit: 4 << 20) } catch
        {
            if error.code == .notFound { return SpecialIDs() }
            throw error
        }
        let root: SettingValue
        do { root = try JSON.parse(bytes, as: .python) } catch {
            throw TokenizerError(.malformed, "tokenizer_config.json: \(error)")
        }
        guard case .table(let members) = root else {
            throw TokenizerError(.malformed, "tokenizer_config.json is \(root.kind), not an object")
        }
        let settings = Settings(members)
        func id(_ key: String) throws -> Int? {
            guard let text = try tokenText(settings, key) else { return nil }
            if let id = vocabulary.id(of: text) { return id }
            throw TokenizerError(
                .malformed, "tokenizer_config.json: \(key) is \(text), which is not a token")
        }
        return SpecialIDs(
            beginning: try id("bos_token"), end: try id("eos_token"), unknown: try id("unk_token"))
    }

    /// The text of a token: a string, or an object with the string under `content`.
    static func tokenText(_ settings: Settings, _ key: String) throws -> String? {
        if case .table = settings.value(key) { return try settings.table(key).string("content") }
        return settings.value(key) == nil ? nil : try settings.string(key)
    }
}

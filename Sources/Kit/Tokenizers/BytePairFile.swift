import Checkpoints

/// Reads `tokenizer.json`, the file of the package tokenizers. What it asks for that is not known
/// here is refused by name: a rule left out would give other ids.
enum BytePairFile {
    static let maximumBytes = 64 << 20

    static func read(_ bytes: [UInt8]) throws(TokenizerError) -> BytePairVocabulary {
        guard bytes.count <= maximumBytes else {
            throw TokenizerError(
                .overLimit, "\(bytes.count) bytes; the limit is \(maximumBytes)")
        }
        do {
            guard case .table(let members) = try JSON.parse(bytes) else {
                throw TokenizerError(.malformed, "not a JSON object")
            }
            return try read(Settings(members))
        } catch let error as TokenizerError {
            throw error
        } catch let error as SettingError {
            throw TokenizerError(.malformed, "\(error)")
        } catch {
            throw TokenizerError(.malformed, "not JSON: \(error)")
        }
    }

    private static func read(_ file: Settings) throws -> BytePairVocabulary {
        try refuse(file, ["truncation", "padding"])
        var vocabulary = BytePairVocabulary()
        try readModel(file.table("model"), into: &vocabulary)
        for case .table(let members) in try elements(file, "added_tokens") {
            vocabulary.added.append(try added(Settings(members, path: "added_tokens")))
        }
        let normalizer = try file.table("normalizer")
        if file.value("normalizer") != nil {
            guard try normalizer.string("type") == "NFC" else {
                throw unsupported(normalizer, "type")
            }
            vocabulary.composes = true
        }
        vocabulary.preTokenizer = PreTokenizer(
            try cuts(steps(file, "pre_tokenizer", "pretokenizers")))
        // Processors add tokens around the text, which is the model's matter, or move offsets.
        for step in try steps(file, "post_processor", "processors") {
            guard ["ByteLevel", "TemplateProcessing"].contains(try step.string("type")) else {
                throw unsupported(step, "type")
            }
        }
        for step in try steps(file, "decoder", "decoders") {
            guard ["ByteLevel", "Fuse"].contains(try step.string("type")) else {
                throw unsupported(step, "type")
            }
        }
        return vocabulary
    }

    private static func readModel(
        _ model: Settings, into vocabulary: inout BytePairVocabulary
    ) throws {
        guard try model.string("type", default: "BPE") == "BPE" else {
            throw unsupported(model, "type")
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"]
        where try !model.string(key, default: "").isEmpty {
            throw unsupported(model, key)
        }
        if try model.boolean("byte_fallback", default: false) {
            throw unsupported(model, "byte_fallback")
        }
        if try model.number("dropout", default: 0) != 0 { throw unsupported(model, "dropout") }
        for (token, value) in try model.table("vocab").values {
            guard case .integer(let id) = value, (0..<BytePairTokenizer.maximumCount).contains(id)
            else { throw TokenizerError(.malformed, "model.vocab: the id of \(token) is no id") }
            vocabulary.ids[token] = id
        }
        guard Set(vocabulary.ids.values).count == vocabulary.ids.count else {
            throw TokenizerError(.malformed, "model.vocab gives one id to two tokens")
        }
        for element in try elements(model, "merges") {
            switch element {
            case .string(let text): vocabulary.merges.append(try mergedPair(text))
            case .array(let pair):
                guard pair.count == 2, case .string(let left) = pair[0],
                    case .string(let right) = pair[1]
                else { throw TokenizerError(.malformed, "model.merges: not two tokens") }
                vocabulary.merges.append((left, right))
            default: throw TokenizerError(.malformed, "model.merges holds \(element.kind)")
            }
        }
        vocabulary.ignoresMerges = try model.boolean("ignore_merges", default: false)
        vocabulary.fusesUnknown = try model.boolean("fuse_unk", default: false)
        let unknown = try model.string("unk_token", default: "")
        vocabulary.unknown = vocabulary.ids[unknown]
    }

    /// Two tokens with a blank between them, as older files have them.
    static func mergedPair(_ text: String) throws(TokenizerError) -> (left: String, right: String) {
        let tokens = text.split(separator: " ", omittingEmptySubsequences: false)
        guard tokens.count == 2, !tokens[0].isEmpty, !tokens[1].isEmpty else {
            throw TokenizerError(.malformed, "merges: \"\(text.prefix(100))\" is not two tokens")
        }
        return (String(tokens[0]), String(tokens[1]))
    }

    private static func added(_ c: Settings) throws -> BytePairVocabulary.AddedToken {
        if try c.boolean("single_word", default: false) { throw unsupported(c, "single_word") }
        let text = try c.string("content")
        guard !text.isEmpty else { throw TokenizerError(.malformed, "an added token without text") }
        return BytePairVocabulary.AddedToken(
            token: SpecialToken(
                text, try c.integer("id", in: 0...BytePairTokenizer.maximumCount - 1),
                stripsBefore: try c.boolean("lstrip", default: false),
                stripsAfter: try c.boolean("rstrip", default: false)),
            isNormalized: try c.boolean("normalized", default: false),
            isSpecial: try c.boolean("special", default: false))
    }

    private static func cuts(_ steps: [Settings]) throws -> [PreTokenizer.Cut] {
        var cuts: [PreTokenizer.Cut] = []
        for (index, step) in steps.enumerated() {
            switch try step.string("type") {
            case "Digits":
                let digits = try step.boolean("individual_digits") ? #"\p{N}"# : #"\p{N}+"#
                cuts.append(.at(try SplitPattern(digits)))
            case "Split": cuts.append(try split(step))
            case "ByteLevel" where index + 1 == steps.count:
                if try step.boolean("add_prefix_space") { cuts.append(.leadingBlank) }
                if try step.boolean("use_regex", default: true) {
                    cuts.append(.at(try SplitPattern(PreTokenizer.gpt2)))
                }
                return cuts
            default: throw unsupported(step, "type")
            }
        }
        throw TokenizerError(
            .unsupported, "pre_tokenizer has no ByteLevel at its end: not a byte-level vocabulary")
    }

    private static func split(_ step: Settings) throws -> PreTokenizer.Cut {
        let source = try step.table("pattern")
        let pattern: SplitPattern
        if source.value("Regex") != nil {
            pattern = try SplitPattern(source.string("Regex"))
        } else {
            pattern = try SplitPattern(literal: source.string("String"))
        }
        let isInverted = try step.boolean("invert", default: false)
        switch try step.string("behavior") {
        case "Isolated": return .at(pattern)
        case "Removed":
            return .at(pattern, keepsMatches: isInverted, keepsRest: !isInverted)
        default: throw unsupported(step, "behavior")
        }
    }

    /// The components of a sequence, or the one that is there, or none.
    private static func steps(
        _ file: Settings, _ key: String, _ list: String
    ) throws -> [Settings] {
        guard file.value(key) != nil else { return [] }
        let table = try file.table(key)
        guard try table.string("type") == "Sequence" else { return [table] }
        return try elements(table, list).map { element in
            guard case .table(let members) = element else {
                throw TokenizerError(.malformed, "\(key) holds \(element.kind)")
            }
            return Settings(members, path: key)
        }
    }

    private static func elements(_ c: Settings, _ key: String) throws -> [SettingValue] {
        switch c.value(key) {
        case .array(let elements): return elements
        case nil: return []
        case let other?: throw c.error(key, "expected an array, found \(other.kind)")
        }
    }

    private static func refuse(_ c: Settings, _ keys: [String]) throws {
        for key in keys where c.value(key) != nil { throw unsupported(c, key) }
    }

    private static func unsupported(_ c: Settings, _ key: String) -> TokenizerError {
        let name = c.path.isEmpty ? key : "\(c.path).\(key)"
        return TokenizerError(
            .unsupported, "\(name) is \(c.value(key)?.literal ?? "absent"), which is not known here"
        )
    }
}

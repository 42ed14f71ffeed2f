import Checkpoints

/// Byte-level byte-pair encoding (Radford et al., 2019): the tokenizer of GPT-2, SmolLM2, Llama 3
/// and Qwen 2, by the rules of the package tokenizers.
///
/// Text is cut at the added tokens; what lies between is cut into words, and the bytes of each word
/// are merged.
///
/// A vocabulary has the vokens if it has MiniGPT-5's nine added tokens under their names. One that
/// has none of them is a plain language model's, which ``hasVokens`` tells: their ids are then the
/// nine after the last row of the embedding table, for the model to answer for.
public struct BytePairTokenizer: VokenTokenizer {
    /// Longer texts are for the caller to refuse.
    public static let maximumTextBytes = 16 << 20
    /// The vokens and the image placeholder.
    public static let addedTokens = VokenNames.all.count
    /// Ids in all, more than any published vocabulary has.
    public static let maximumCount = 1 << 20

    public let count: Int
    /// What the file names, else the beginning: no text is unknown bytes to a whole vocabulary.
    public let unknown: Int
    /// What the file names, else the end.
    public let beginning: Int
    public let end: Int
    public let vokens: Range<Int>
    public let imagePlaceholder: Int
    /// Whether the nine added tokens are rows of the embedding table.
    public let hasVokens: Bool
    /// The special ones among the added tokens, and the nine of MiniGPT-5.
    public let marks: [String]

    private let ids: [String: Int]
    /// The ids of the 256 bytes.
    private let bytes: [Int?]
    private let unknownByte: Int?
    private let fusesUnknown: Bool
    private let ignoresMerges: Bool
    private let composes: Bool
    private let merges: BytePairMerges
    private let preTokenizer: PreTokenizer
    private let literal: SpecialTokens
    private let normalized: SpecialTokens
    /// The bytes of each id; none where there is no token.
    private let texts: [[UInt8]]

    /// - Parameters:
    ///   - path: of `tokenizer.json`; `tokenizer_config.json` beside it, if there is one, names
    ///     the special tokens.
    ///   - rows: of the model's embedding table.
    ///   - special: what stands for special tokens that no file names.
    public init(path: String, rows: Int, special: SpecialIDs = SpecialIDs()) throws {
        let bytes = try BoundedFile.read(path, limit: BytePairFile.maximumBytes)
        do {
            let vocabulary = try BytePairFile.read(bytes)
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            let named = try TokenizerConfiguration.special(folder, vocabulary)
            try self.init(
                vocabulary, rows: rows,
                SpecialIDs(
                    beginning: named.beginning ?? special.beginning, end: named.end ?? special.end,
                    unknown: named.unknown ?? special.unknown))
        } catch let error as TokenizerError {
            throw TokenizerError(error.code, "\(path): \(error.message)")
        }
    }

    /// - Parameters:
    ///   - json: the contents of `tokenizer.json`.
    ///   - rows: of the model's embedding table.
    public init(json: [UInt8], rows: Int, special: SpecialIDs) throws(TokenizerError) {
        try self.init(BytePairFile.read(json), rows: rows, special)
    }

    /// As a GGUF file holds it.
    /// - Parameters:
    ///   - tokens: `tokenizer.ggml.tokens`, by id.
    ///   - merges: `tokenizer.ggml.merges`: two tokens and a blank between them.
    ///   - types: `tokenizer.ggml.token_type`, by id.
    ///   - preTokenizer: `tokenizer.ggml.pre`.
    ///   - rows: of the model's embedding table.
    public init(
        tokens: [String], merges: [String], types: [Int], preTokenizer: String, rows: Int,
        special: SpecialIDs
    ) throws(TokenizerError) {
        try self.init(
            BytePairVocabulary(
                tokens: tokens, merges: merges, types: types, preTokenizer: preTokenizer),
            rows: rows, special)
    }

    init(
        _ v: BytePairVocabulary, rows: Int, _ special: SpecialIDs
    ) throws(TokenizerError) {
        let least = 1 + max(v.ids.values.max() ?? 0, v.added.map(\.token.id).max() ?? 0)
        guard rows <= Self.maximumCount else {
            throw TokenizerError(.overLimit, "\(rows) ids; the limit is \(Self.maximumCount)")
        }
        guard least <= rows, (v.ids.values.min() ?? 0) >= 0 else {
            throw TokenizerError(
                .mismatch,
                "a vocabulary of \(least) ids does not fit an embedding table of \(rows) rows; is "
                    + "this the tokenizer of these weights?")
        }
        var added = v.added
        let own = try Self.vokens(of: v)
        hasVokens = own != nil
        let first = own ?? rows
        vokens = first..<first + VokenNames.vokens.count
        imagePlaceholder = vokens.upperBound
        count = own == nil ? rows + VokenNames.all.count : rows
        if own == nil {
            added += VokenNames.all.enumerated().map {
                .init(
                    token: SpecialToken($0.element, rows + $0.offset, strips: false),
                    isNormalized: false)
            }
        }
        guard let end = special.end, (0..<rows).contains(end) else {
            throw TokenizerError(
                .malformed, "no file names an end token (eos_token) that is in the vocabulary")
        }
        self.end = end
        beginning = special.beginning.flatMap { (0..<rows).contains($0) ? $0 : nil } ?? end
        unknown = special.unknown.flatMap { (0..<rows).contains($0) ? $0 : nil } ?? beginning

        let special = v.added.filter(\.isSpecial).map(\.token.text)
        marks = VokenNames.all + special.filter { !VokenNames.all.contains($0) }
        ids = v.ids
        bytes = ByteSymbols.characters.map { v.ids[String($0)] }
        unknownByte = v.unknown
        fusesUnknown = v.fusesUnknown
        ignoresMerges = v.ignoresMerges
        composes = v.composes
        merges = try BytePairMerges(v.merges, v.ids, file: "merges")
        preTokenizer = v.preTokenizer
        literal = SpecialTokens(added.filter { !$0.isNormalized }.map(\.token))
        normalized = SpecialTokens(
            added.filter(\.isNormalized).map { added in
                guard v.composes else { return added.token }
                return SpecialToken(
                    composed(added.token.text), added.token.id,
                    stripsBefore: added.token.stripsBefore, stripsAfter: added.token.stripsAfter)
            })
        var texts = [[UInt8]](repeating: [], count: count)
        for (text, id) in v.ids { texts[id] = ByteSymbols.bytes(of: text) ?? Array(text.utf8) }
        for token in added.map(\.token) {
            let text = Array(token.text.utf8)
            guard
                texts[token.id].isEmpty || texts[token.id] == text || v.ids[token.text] == token.id
            else { throw TokenizerError(.malformed, "two tokens have the id \(token.id)") }
            texts[token.id] = text
        }
        self.texts = texts
    }

    /// The first voken's id, if the vocabulary has them.
    private static func vokens(of v: BytePairVocabulary) throws(TokenizerError) -> Int? {
        let found = VokenNames.all.map { v.id(of: $0) }
        guard let first = found.lazy.compactMap(\.self).first else { return nil }
        guard found == (0..<found.count).map({ first + $0 }) else {
            throw TokenizerError(
                .malformed,
                "the tokens \(VokenNames.all.joined(separator: " ")) must all be in the vocabulary, "
                    + "with ids that follow one another")
        }
        return first
    }

    /// - Precondition: at most ``maximumTextBytes`` of UTF-8.
    public func encode(_ text: String) -> [Int] {
        precondition(text.utf8.count <= Self.maximumTextBytes, "text over the tokenizer's limit")
        var result: [Int] = []
        for part in literal.split(text) {
            switch part {
            case .special(let token): result.append(token.id)
            case .text(let chunk):
                for part in normalized.split(composes ? composed(chunk) : chunk) {
                    switch part {
                    case .special(let token): result.append(token.id)
                    case .text(let chunk):
                        for word in preTokenizer.words(of: chunk) { result += ids(of: word) }
                    }
                }
            }
        }
        return result
    }

    private func ids(of word: ArraySlice<Unicode.Scalar>) -> [Int] {
        let utf8 = word.flatMap { UTF8.encode($0) ?? UTF8.encodedReplacementCharacter }
        if ignoresMerges, let id = ids[ByteSymbols.text(of: utf8)] { return [id] }
        var symbols: [Int] = []
        var isUnknown = false
        for byte in utf8 {
            let id = bytes[Int(byte)]
            if let symbol = id ?? (fusesUnknown && isUnknown ? nil : unknownByte) {
                symbols.append(symbol)
            }
            isUnknown = id == nil
        }
        return merges.merged(symbols)
    }

    /// The bytes of the tokens one after the other, as text: where they are not UTF-8 (yet), the
    /// text has U+FFFD. Ids without a token print nothing.
    /// - Precondition: each id is in `0..<count`.
    public func decode(_ ids: [Int]) -> String {
        String(
            decoding: ids.flatMap { id in
                precondition((0..<count).contains(id), "id \(id) of \(count)")
                return texts[id]
            }, as: UTF8.self)
    }
}

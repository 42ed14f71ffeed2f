/// What a byte-level byte-pair vocabulary consists of, whatever file it comes from.
struct BytePairVocabulary: Sendable {
    /// A token that is found in the text as it is written, before any merging.
    struct AddedToken: Sendable {
        let token: SpecialToken
        /// Whether it is looked for in the text after normalisation, and after the others.
        let isNormalized: Bool
        /// Whether it means something to the model, and is no text that a model may say.
        var isSpecial = true
    }

    /// Tokens by the characters that stand for their bytes, to their ids.
    var ids: [String: Int] = [:]
    var merges: [(left: String, right: String)] = []
    var added: [AddedToken] = []
    var preTokenizer = PreTokenizer([])
    /// Whether a word that is a token stays whole whatever its merges.
    var ignoresMerges = false
    /// Whether text is composed (Unicode NFC) first.
    var composes = false
    /// For bytes that are no token; without it they are dropped.
    var unknown: Int?
    /// Whether neighbours that are unknown are one.
    var fusesUnknown = false

    /// The id of a token's text, added tokens first.
    func id(of text: String) -> Int? {
        added.first { $0.token.text == text }?.token.id ?? ids[text]
    }
}

/// The ids with a meaning of their own, as far as a file names them.
public struct SpecialIDs: Sendable, Equatable {
    public var beginning: Int?
    public var end: Int?
    public var unknown: Int?

    public init(beginning: Int? = nil, end: Int? = nil, unknown: Int? = nil) {
        self.beginning = beginning
        self.end = end
        self.unknown = unknown
    }
}

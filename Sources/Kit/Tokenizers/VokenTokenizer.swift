/// Text to ids and back for a language model with generative vokens.
public protocol VokenTokenizer: Sendable {
    /// Ids in all, added tokens included.
    var count: Int { get }
    /// `<unk>`, `<s>`, `</s>`.
    var unknown: Int { get }
    var beginning: Int { get }
    var end: Int { get }
    /// The ids of `[IMG0]`…`[IMG7]`, consecutive. Those of a model of text alone follow all others;
    /// it never says one.
    var vokens: Range<Int> { get }
    /// The id of `<ImageHere>`.
    var imagePlaceholder: Int { get }
    /// Spellings that are single tokens with a meaning of their own, which a text from users or from
    /// the model must not contain. Without an implementation of its own those that MiniGPT-5's
    /// vocabulary has.
    var marks: [String] { get }
    /// - Returns: the ids, without a beginning or end token.
    func encode(_ text: String) -> [Int]
    func decode(_ ids: [Int]) -> String
}

extension VokenTokenizer {
    public var marks: [String] { VokenNames.all + ["<s>", "</s>", "<unk>"] }
}

import Checkpoints
import Glibc
import Layers
import Tensors
import Tokenizers

/// The two tables of a model that tokens are looked up in and told by.
///
/// A model of text alone has no rows for the vokens, whose ids follow its last row: it takes them
/// as nothing, a row of zeros, and never says one.
struct LlamaVocabulary: Sendable {
    /// Ids in all.
    let size: Int
    private let rows: Int
    private let embeddings: Weight  // [rows, D]
    private let head: Matrix  // [rows, D]

    init(
        _ p: LlamaParameters, _ c: LlamaConfiguration, size: Int
    ) throws(ParameterError) {
        self.size = size
        rows = c.vocabulary
        let table: Shape = [c.vocabulary, c.width]
        embeddings = try p.vocabulary("model.embed_tokens").table("weight", table)
        head =
            c.tied ? .stored(embeddings) : try p.vocabulary("lm_head").matrix("weight", table)
    }

    /// `[T, D]`.
    func embed(_ tokens: [Int]) -> Tensor {
        let found = embedding(tokens.map { min($0, rows - 1) }, embeddings)
        guard tokens.contains(where: { $0 >= rows }) else { return found }
        let width = found.shape[1]
        var values = found.values
        for (place, token) in tokens.enumerated() where token >= rows {
            for column in 0..<width { values[place * width + column] = 0 }
        }
        return Tensor(found.shape, values)
    }

    /// `[T, D]` to `[T, size]`. Of tokens that cannot be said the logit is the least number that is
    /// finite.
    func logits(_ hidden: Tensor) -> Tensor {
        let logits = linear(hidden, head)
        guard size > rows else { return logits }
        let never = Tensor(
            [hidden.shape[0], size - rows], repeating: -Float.greatestFiniteMagnitude)
        return concatenate([logits, never], axis: 1)
    }

    /// The tokenizer of a model's folder: `tokenizer.model`, of SentencePiece, before
    /// `tokenizer.json`, a byte-level one, or the file that the settings name.
    static func tokenizer(
        _ model: ModelFolder, _ settings: Settings, rows: Int, isTextOnly: Bool
    ) throws -> any VokenTokenizer {
        let pieces = model.path + "/tokenizer.model"
        let merges = model.path + "/tokenizer.json"
        let hasOnlyMerges = unsafe access(pieces, F_OK) != 0 && access(merges, F_OK) == 0
        let path = try settings.string("tokenizer", default: hasOnlyMerges ? merges : pieces)
        guard path.hasSuffix(".json") else {
            return try sentencePieces(path, rows, isTextOnly)
        }
        let c = model.configuration
        let tokenizer = try BytePairTokenizer(
            path: path, rows: rows,
            special: SpecialIDs(
                beginning: id(c.value("bos_token_id")), end: id(c.value("eos_token_id"))))
        guard tokenizer.hasVokens != isTextOnly else {
            throw settings.error(
                "text_only",
                isTextOnly
                    ? "\(path) has vokens ([IMG0] to [IMG7]); leave the setting out"
                    : "\(path) has no vokens ([IMG0] to [IMG7]): set it to true for a model that "
                        + "tells text and never a picture")
        }
        return tokenizer
    }

    private static func sentencePieces(
        _ path: String, _ rows: Int, _ isTextOnly: Bool
    ) throws -> any VokenTokenizer {
        guard !isTextOnly else {
            return try LlamaTokenizer(path: path, rows: rows + BytePairTokenizer.addedTokens)
        }
        do { return try LlamaTokenizer(path: path, rows: rows) } catch let error as TokenizerError
            where error.code == .mismatch
        {
            throw TokenizerError(
                .mismatch,
                error.message + " A model without vokens needs the setting text_only = true.")
        }
    }

    /// Of several end tokens the first.
    private static func id(_ value: SettingValue?) -> Int? {
        switch value {
        case .integer(let id): id
        case .array(let ids): ids.isEmpty ? nil : id(ids[0])
        default: nil
        }
    }
}

import Checkpoints

/// LLaMA's SentencePiece vocabulary and MiniGPT-5's nine added tokens, by the rules of the slow
/// `LlamaTokenizer` of transformers 4.31 with `legacy=True`, which the published weights were
/// trained with.
///
/// The text is cut at special tokens. Each chunk between them is encoded by itself, so that each
/// gets a leading blank of its own (SentencePiece's dummy prefix, `▁`). Chunks next to an added
/// token lose their whitespace on that side; chunks next to `<s>`, `</s>` or `<unk>` keep it.
public struct LlamaTokenizer: VokenTokenizer {
    /// Longer texts are for the caller to refuse.
    public static let maximumTextBytes = 16 << 20
    private static let addedTokens = VokenNames.all

    private let model: SentencePieceModel
    /// Of the SentencePiece model, without the added tokens.
    public let pieces: Int
    private let specials: SpecialTokens

    /// Rows of the embedding table.
    public let count: Int
    public let unknown: Int
    public let beginning: Int
    public let end: Int

    /// - Parameters:
    ///   - path: of `tokenizer.model`.
    ///   - rows: of the model's embedding table, which decides where the added tokens are: the
    ///     last nine rows (a Vicuna directory that declares `[PAD]` has one more before them).
    public init(path: String, rows: Int) throws {
        let bytes = try BoundedFile.read(path, limit: SentencePieceModel.maximumBytes)
        do { try self.init(model: bytes, rows: rows) } catch {
            throw TokenizerError(error.code, "\(path): \(error.message)")
        }
    }

    /// - Parameter model: the contents of `tokenizer.model`.
    public init(model bytes: [UInt8], rows: Int) throws(TokenizerError) {
        let model = try SentencePieceModel(bytes)
        self.model = model
        pieces = model.count
        count = rows
        let firstAdded = rows - Self.addedTokens.count
        guard firstAdded >= pieces else {
            throw TokenizerError(
                .mismatch,
                "\(pieces) pieces and \(Self.addedTokens.count) added tokens do not fit an "
                    + "embedding table of \(rows) rows; is this the tokenizer of these weights?")
        }
        func id(_ piece: String) throws(TokenizerError) -> Int {
            if let id = model.id(of: piece) { return id }
            throw TokenizerError(.malformed, "the SentencePiece model has no piece \(piece)")
        }
        unknown = try id("<unk>")
        beginning = try id("<s>")
        end = try id("</s>")
        specials = SpecialTokens(
            [
                SpecialToken("<unk>", unknown, strips: false),
                SpecialToken("<s>", beginning, strips: false),
                SpecialToken("</s>", end, strips: false),
            ]
                + Self.addedTokens.enumerated().map {
                    SpecialToken($0.element, firstAdded + $0.offset, strips: true)
                },
            isSpace: \.isPythonSpace)
    }

    public var vokens: Range<Int> { count - 9..<count - 1 }

    public var imagePlaceholder: Int { count - 1 }

    /// - Precondition: at most ``maximumTextBytes`` of UTF-8.
    public func encode(_ text: String) -> [Int] {
        precondition(text.utf8.count <= Self.maximumTextBytes, "text over the tokenizer's limit")
        return specials.split(text).flatMap { part in
            switch part {
            case .special(let token): [token.id]
            case .text(let chunk): model.encode(chunk)
            }
        }
    }

    /// Runs of pieces and added tokens, joined by single blanks; nothing is left out.
    ///
    /// Ids between the pieces and the vokens belong to tokens whose text is not known here
    /// (`[PAD]`) and print nothing.
    /// - Precondition: each id is in `0..<count`.
    public func decode(_ ids: [Int]) -> String {
        var texts: [String] = []
        var run: [Int] = []
        func finishRun() {
            if !run.isEmpty { texts.append(decodeRun(run)) }
            run = []
        }
        for id in ids {
            precondition((0..<count).contains(id), "id \(id) of \(count)")
            if id < pieces {
                run.append(id)
            } else {
                finishRun()
                if id >= vokens.lowerBound {
                    texts.append(Self.addedTokens[id - vokens.lowerBound])
                }
            }
        }
        finishRun()
        return texts.joined(separator: " ")
    }

    /// Pieces, among which `<unk>`, `<s>` and `</s>` are printed as they are.
    ///
    /// The reference puts a blank *before the text* that precedes such a token (and none between
    /// the two), except at the beginning and between neighbours of the kind: so here.
    private func decodeRun(_ ids: [Int]) -> String {
        var text = ""
        var pending: [Int] = []
        var followsSpecial = false
        for (index, id) in ids.enumerated() {
            if let special = specials.all.first(where: { $0.id == id }) {
                if !followsSpecial && index != 0 { text += " " }
                text += model.decode(pending) + special.text
                pending = []
            } else {
                pending.append(id)
            }
            followsSpecial = pending.isEmpty
        }
        return text + model.decode(pending)
    }
}

import Checkpoints

/// CLIP's lower-cased byte-pair encoding (Radford et al., 2021), as transformers' tokenizer does
/// it: canonical composition, lower case, words by a pattern, merges within words.
///
/// Equal to `CLIPTokenizer` of transformers 5 and `CLIPTokenizerFast` of 4.31, which agree. The
/// older slow tokenizer differs from them in three corners: final sigmas, control characters, and
/// special tokens written in capitals.
public struct ClipTokenizer: Sendable {
    /// Longer texts are refused: far over what 77 positions can hold.
    public static let maximumTextBytes = 4 << 10
    private static let beginningToken = "<|startoftext|>"
    private static let endToken = "<|endoftext|>"

    public let beginning: Int
    public let end: Int
    /// The id that fills a sequence up.
    public let padding: Int
    /// Ids in all.
    public let count: Int
    private let merges: ClipMerges
    private let specials: SpecialTokens

    /// Reads `vocab.json`, `merges.txt` and, for the padding token, `special_tokens_map.json` if
    /// there is one: Stable Diffusion 2 pads with `!`, CLIP with its end token.
    public init(folder: String) throws {
        let vocabulary = try BoundedFile.read(folder + "/vocab.json", limit: 16 << 20)
        let merges = try BoundedFile.read(folder + "/merges.txt", limit: 16 << 20)
        do {
            try self.init(
                vocabulary: vocabulary, merges: merges, paddingToken: Self.paddingToken(folder))
        } catch let error as TokenizerError {
            throw TokenizerError(error.code, "\(folder): \(error.message)")
        }
    }

    /// - Parameters:
    ///   - vocabulary: `vocab.json`: a token to its id.
    ///   - merges: `merges.txt`: two tokens a line, the first line merged first.
    ///   - paddingToken: by default the end token. As in transformers, its text is a special token
    ///     wherever it occurs: with `!`, the `!` of "a cat!" is the padding id.
    public init(
        vocabulary: [UInt8], merges: [UInt8], paddingToken: String? = nil
    ) throws(TokenizerError) {
        let ids = try Self.ids(vocabulary)
        func id(_ token: String) throws(TokenizerError) -> Int {
            if let id = ids[token] { return id }
            throw TokenizerError(.malformed, "vocab.json has no token \(token)")
        }
        beginning = try id(Self.beginningToken)
        end = try id(Self.endToken)
        let paddingToken = paddingToken ?? Self.endToken
        padding = try id(paddingToken)
        count = ids.count
        self.merges = try ClipMerges(ids, merges)
        var specials = [
            SpecialToken(Self.beginningToken, beginning, strips: false),
            SpecialToken(Self.endToken, end, strips: false),
        ]
        if paddingToken != Self.endToken && paddingToken != Self.beginningToken {
            specials.append(SpecialToken(paddingToken, padding, strips: false))
        }
        self.specials = SpecialTokens(specials)
    }

    /// The ids of a text, without beginning, end and padding.
    public func encode(_ text: String) throws(TokenizerError) -> [Int] {
        guard text.utf8.count <= Self.maximumTextBytes else {
            throw TokenizerError(
                .overLimit,
                "a caption of \(text.utf8.count) bytes; the limit is \(Self.maximumTextBytes)")
        }
        var ids: [Int] = []
        for part in specials.split(text) {
            switch part {
            case .special(let token): ids.append(token.id)
            case .text(let chunk):
                for word in ClipWords(composed(chunk).lowercasedByScalar()) {
                    ids += merges.ids(of: word)
                }
            }
        }
        return ids
    }

    /// Beginning, as many ids as fit, end, and padding up to `length`.
    public func encode(_ text: String, length: Int) throws(TokenizerError) -> [Int] {
        precondition(length >= 2, "no room for beginning and end in \(length)")
        let ids = [beginning] + (try encode(text)).prefix(length - 2) + [end]
        return ids + [Int](repeating: padding, count: length - ids.count)
    }

    private static func ids(_ vocabulary: [UInt8]) throws(TokenizerError) -> [String: Int] {
        let root: SettingValue
        do { root = try JSON.parse(vocabulary) } catch {
            throw TokenizerError(.malformed, "vocab.json: \(error)")
        }
        guard case .table(let members) = root else {
            throw TokenizerError(.malformed, "vocab.json is \(root.kind), not an object")
        }
        var ids: [String: Int] = [:]
        for (token, value) in members {
            guard case .integer(let id) = value, (0..<members.count).contains(id) else {
                throw TokenizerError(.malformed, "vocab.json: the id of \(token) is out of range")
            }
            ids[token] = id
        }
        guard Set(ids.values).count == ids.count else {
            throw TokenizerError(.malformed, "vocab.json gives one id to two tokens")
        }
        return ids
    }

    /// `pad_token`, a string or an object with the string under `content`.
    private static func paddingToken(_ folder: String) throws -> String? {
        let path = folder + "/special_tokens_map.json"
        let bytes: [UInt8]
        do { bytes = try BoundedFile.read(path, limit: 1 << 20) } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        let root: SettingValue
        do { root = try JSON.parse(bytes) } catch {
            throw TokenizerError(.malformed, "special_tokens_map.json: \(error)")
        }
        guard case .table(let members) = root else { return nil }
        return try TokenizerConfiguration.tokenText(Settings(members), "pad_token")
    }
}

/// CLIP's merges within a word whose last symbol is marked `</w>`.
struct ClipMerges: Sendable {
    private let merges: BytePairMerges
    /// The ids of the 256 bytes, and of the same at the end of a word.
    private let inner: [Int]
    private let final: [Int]

    /// - Parameter file: `merges.txt`.
    init(_ ids: [String: Int], _ file: [UInt8]) throws(TokenizerError) {
        func id(_ token: String) throws(TokenizerError) -> Int {
            if let id = ids[token] { return id }
            throw TokenizerError(.malformed, "vocab.json lacks \(token), which stands for a byte")
        }
        var inner: [Int] = []
        var final: [Int] = []
        for character in ByteSymbols.characters {
            inner.append(try id(String(character)))
            final.append(try id(String(character) + "</w>"))
        }
        self.inner = inner
        self.final = final
        var pairs: [(String, String)] = []
        for (number, line) in file.split(separator: UInt8(ascii: "\n")).enumerated() {
            let text = String(decoding: line, as: UTF8.self)
            if number == 0 && text.hasPrefix("#version") { continue }
            let tokens = text.split(whereSeparator: { $0 == " " || $0 == "\r" }).map(String.init)
            guard tokens.count == 2 else {
                throw TokenizerError(.malformed, "merges.txt: \"\(text)\" is not two tokens")
            }
            pairs.append((tokens[0], tokens[1]))
        }
        merges = try BytePairMerges(pairs, ids, file: "merges.txt")
    }

    /// The ids of one word, not empty.
    func ids(of word: String) -> [Int] {
        let bytes = Array(word.utf8)
        let symbols =
            bytes.dropLast().map { inner[Int($0)] } + [final[Int(bytes[bytes.count - 1])]]
        return merges.merged(symbols)
    }
}

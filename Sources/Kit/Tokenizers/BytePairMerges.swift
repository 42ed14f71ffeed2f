/// Byte-pair merges within a word whose last symbol is marked `</w>` (Sennrich et al., 2016), over
/// bytes that are written as printable characters (Radford et al., 2019).
struct BytePairMerges: Sendable {
    private struct Pair: Hashable {
        let left: Int
        let right: Int
    }

    private struct Merge {
        let rank: Int
        let id: Int
    }

    private let merges: [Pair: Merge]
    /// The ids of the 256 bytes, and of the same at the end of a word.
    private let inner: [Int]
    private let final: [Int]

    init(_ ids: [String: Int], _ file: [UInt8]) throws(TokenizerError) {
        func id(_ token: String) throws(TokenizerError) -> Int {
            if let id = ids[token] { return id }
            throw TokenizerError(.malformed, "vocab.json lacks \(token), which merges.txt needs")
        }
        var inner: [Int] = []
        var final: [Int] = []
        for character in printableBytes {
            inner.append(try id(character))
            final.append(try id(character + "</w>"))
        }
        var merges: [Pair: Merge] = [:]
        for (number, line) in file.split(separator: UInt8(ascii: "\n")).enumerated() {
            let text = String(decoding: line, as: UTF8.self)
            if number == 0 && text.hasPrefix("#version") { continue }
            let tokens = text.split(whereSeparator: { $0 == " " || $0 == "\r" }).map(String.init)
            guard tokens.count == 2 else {
                throw TokenizerError(.malformed, "merges.txt: \"\(text)\" is not two tokens")
            }
            let pair = Pair(left: try id(tokens[0]), right: try id(tokens[1]))
            let merge = Merge(rank: number, id: try id(tokens[0] + tokens[1]))
            if merges[pair] == nil { merges[pair] = merge }
        }
        self.inner = inner
        self.final = final
        self.merges = merges
    }

    /// The ids of one word, not empty: of all neighbours the pair with the lowest rank is merged
    /// wherever it occurs, until no pair is left that merges.
    func ids(of word: String) -> [Int] {
        let bytes = Array(word.utf8)
        var symbols = bytes.dropLast().map { inner[Int($0)] } + [final[Int(bytes[bytes.count - 1])]]
        while symbols.count > 1 {
            let pairs = zip(symbols, symbols.dropFirst()).map { Pair(left: $0, right: $1) }
            let known = pairs.compactMap { pair in merges[pair].map { (pair, $0) } }
            guard let (pair, merge) = known.min(by: { $0.1.rank < $1.1.rank }) else { break }
            symbols = merged(symbols, pair, merge.id)
        }
        return symbols
    }

    private func merged(_ symbols: [Int], _ pair: Pair, _ id: Int) -> [Int] {
        var result: [Int] = []
        var index = 0
        while index < symbols.count {
            if index + 1 < symbols.count, symbols[index] == pair.left,
                symbols[index + 1] == pair.right
            {
                result.append(id)
                index += 2
            } else {
                result.append(symbols[index])
                index += 1
            }
        }
        return result
    }
}

/// The 256 bytes as characters: printable Latin-1 as itself, the others from U+0100 on.
private let printableBytes: [String] = {
    var next: UInt32 = 0x100
    return (0..<256).map { (byte: UInt32) in
        let isPrintable =
            (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte)
            || (0xae...0xff).contains(byte)
        defer { if !isPrintable { next += 1 } }
        return Unicode.Scalar(isPrintable ? byte : next).map { String($0) } ?? ""
    }
}()

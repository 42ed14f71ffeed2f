import Tokenizers

/// One id a byte, like byte fallback, and a few longer pieces of LLaMA's that matter to the end of
/// a turn.
struct TestTokenizer: VokenTokenizer {
    static let pieces = ["###", "##", "#", " word"]
    let unknown = 0
    let beginning = 1
    let end = 2
    let vokens = 300..<308
    let imagePlaceholder = 308
    let count = 309
    private let firstByte = 3
    private let firstPiece = 260

    /// The id of a piece.
    func id(_ piece: String) -> Int {
        Self.pieces.firstIndex(of: piece).map { firstPiece + $0 } ?? unknown
    }

    /// A leading `###` is one piece; inside a word it is `##` and `#`, as in LLaMA's vocabulary.
    func encode(_ text: String) -> [Int] {
        if text == "###" { return [id("###")] }
        if text.hasSuffix("###") { return encode(String(text.dropLast(3))) + [id("##"), id("#")] }
        return text.utf8.map { firstByte + Int($0) }
    }

    func decode(_ ids: [Int]) -> String {
        var text = ""
        var bytes: [UInt8] = []
        for id in ids {
            if firstByte..<firstByte + 256 ~= id {
                bytes.append(UInt8(id - firstByte))
                continue
            }
            text += String(decoding: bytes, as: UTF8.self)
            bytes = []
            text += spelling(id)
        }
        return text + String(decoding: bytes, as: UTF8.self)
    }

    private func spelling(_ id: Int) -> String {
        switch id {
        case firstPiece..<firstPiece + Self.pieces.count: Self.pieces[id - firstPiece]
        case unknown: "<unk>"
        case beginning: "<s>"
        case end: "</s>"
        case vokens: "[IMG\(id - vokens.lowerBound)]"
        default: "<ImageHere>"
        }
    }
}

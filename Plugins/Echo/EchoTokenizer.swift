import Tokenizers

/// One token a UTF-8 byte, after `<unk>`, `<s>`, `</s>`; then the vokens and `<ImageHere>`.
struct EchoTokenizer: VokenTokenizer {
    static let size = 268

    let count = size
    let unknown = 0
    let beginning = 1
    let end = 2
    let vokens = 259..<267
    let imagePlaceholder = 267
    private let bytes = 3..<259

    private var added: [(spelling: [UInt8], id: Int)] {
        vokens.enumerated().map { (Array("[IMG\($0.offset)]".utf8), $0.element) }
            + [(Array("<ImageHere>".utf8), imagePlaceholder)]
    }

    func encode(_ text: String) -> [Int] {
        let added = added
        var rest = Array(text.utf8)[...]
        var ids: [Int] = []
        while let byte = rest.first {
            let token = added.first { rest.starts(with: $0.spelling) }
            ids.append(token?.id ?? bytes.lowerBound + Int(byte))
            rest = rest.dropFirst(token?.spelling.count ?? 1)
        }
        return ids
    }

    func decode(_ ids: [Int]) -> String {
        let text = ids.filter(bytes.contains).map { UInt8($0 - bytes.lowerBound) }
        return String(decoding: text, as: UTF8.self)
    }
}

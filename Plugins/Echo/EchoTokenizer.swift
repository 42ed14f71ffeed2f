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

    func encode(_ text: String) -> [Int] { text.utf8.map { bytes.lowerBound + Int($0) } }

    func decode(_ ids: [Int]) -> String {
        let text = ids.filter(bytes.contains).map { UInt8($0 - bytes.lowerBound) }
        return String(decoding: text, as: UTF8.self)
    }
}

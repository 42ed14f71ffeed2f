/// The 256 bytes as characters, one each, so that a vocabulary of byte sequences can be written as
/// text (Radford et al., 2019): printable Latin-1 as itself, the others from U+0100 on.
enum ByteSymbols {
    static let characters: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256).map { (byte: UInt32) in
            let isPrintable =
                (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte)
                || (0xae...0xff).contains(byte)
            defer { if !isPrintable { next += 1 } }
            return Unicode.Scalar(isPrintable ? byte : next) ?? " "
        }
    }()

    private static let bytes = Dictionary(
        uniqueKeysWithValues: characters.enumerated().map { ($0.element, UInt8($0.offset)) })

    /// The text that stands for some bytes.
    static func text(of bytes: some Sequence<UInt8>) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes { scalars.append(characters[Int(byte)]) }
        return String(scalars)
    }

    /// The bytes that a text stands for; `nil` if a character of it stands for none.
    static func bytes(of text: String) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            result.append(byte)
        }
        return result
    }
}

/// A SentencePiece model of single bytes and letters: a language model cannot be made without a
/// tokenizer, and random weights have no words.
///
/// Written as the protocol buffer that `sentencepiece_model.proto` describes.
enum PlainVocabulary {
    static let file: [UInt8] = {
        var model: [UInt8] = []
        let controls: [(String, PieceType)] = [
            ("<unk>", .unknown), ("<s>", .control), ("</s>", .control),
        ]
        let bytes = (0..<256).map { byte in
            ("<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16).uppercased() + ">")
        }
        let letters = ["▁"] + (UInt8(ascii: "a")...UInt8(ascii: "z")).map(letter)
        for (text, type) in controls { model += piece(text, type) }
        for text in bytes { model += piece(text, .byte) }
        for text in letters { model += piece(text, .normal) }
        // trainer_spec: model_type = BPE (field 3), byte_fallback (field 35, whose tag takes two bytes).
        model += message(2, [3 << 3, 2, 0x98, 0x02, 1])
        // normalizer_spec: name, add_dummy_prefix.
        model += message(3, message(1, Array("identity".utf8)) + [3 << 3, 1])
        return model
    }()

    private enum PieceType: UInt8 {
        case normal = 1
        case unknown = 2
        case control = 3
        case byte = 6
    }

    private static func letter(_ byte: UInt8) -> String { String(UnicodeScalar(byte)) }

    private static func piece(_ text: String, _ type: PieceType) -> [UInt8] {
        message(1, message(1, Array(text.utf8)) + [3 << 3, type.rawValue])
    }

    /// A field of bytes, of fewer than 128.
    private static func message(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [field << 3 | 2, UInt8(bytes.count)] + bytes
    }
}

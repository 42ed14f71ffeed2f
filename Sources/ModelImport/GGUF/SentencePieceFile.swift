/// A SentencePiece model as its `tokenizer.model`: the protobuf message `ModelProto` of
/// sentencepiece's `sentencepiece_model.proto`, with LLaMA's settings (BPE with bytes to fall back
/// on, no normalisation).
struct SentencePieceFile {
    let contents: [UInt8]

    /// - Parameters:
    ///   - scores: as many as tokens; of BPE, the order of merging.
    ///   - prefixesBlank: whether a text gets a blank in front.
    ///   - joinsBlanks: whether blanks at its ends are dropped, and several are one.
    init(
        tokens: [String], types: [TokenType], scores: [Float], prefixesBlank: Bool,
        joinsBlanks: Bool
    ) {
        var model = ProtobufBytes()
        for index in tokens.indices {
            var piece = ProtobufBytes()
            piece.add(1, text: tokens[index])
            piece.add(2, float: scores[index])
            piece.add(3, integer: types[index].rawValue)
            model.add(1, bytes: piece.contents)
        }
        var trainer = ProtobufBytes()
        trainer.add(3, integer: 2)  // model_type: BPE
        trainer.add(4, integer: tokens.count)  // vocab_size
        trainer.add(35, integer: types.contains(.byte) ? 1 : 0)  // byte_fallback
        for (field, piece) in [(40, "<unk>"), (41, "<s>"), (42, "</s>")] {
            if let id = tokens.firstIndex(of: piece) { trainer.add(field, integer: id) }
        }
        model.add(2, bytes: trainer.contents)
        var normalizer = ProtobufBytes()
        normalizer.add(1, text: "identity")
        normalizer.add(3, integer: prefixesBlank ? 1 : 0)  // add_dummy_prefix
        normalizer.add(4, integer: joinsBlanks ? 1 : 0)  // remove_extra_whitespaces
        normalizer.add(5, integer: 1)  // escape_whitespaces
        model.add(3, bytes: normalizer.contents)
        contents = model.contents
    }
}

/// Fields of a protobuf message, one after the other.
private struct ProtobufBytes {
    private(set) var contents: [UInt8] = []

    mutating func add(_ field: Int, integer: Int) {
        key(field, wireType: 0)
        varint(UInt64(integer))
    }

    mutating func add(_ field: Int, float: Float) {
        key(field, wireType: 5)
        for shift in [0, 8, 16, 24] {
            contents.append(UInt8(truncatingIfNeeded: float.bitPattern >> UInt32(shift)))
        }
    }

    mutating func add(_ field: Int, text: String) { add(field, bytes: Array(text.utf8)) }

    mutating func add(_ field: Int, bytes: [UInt8]) {
        key(field, wireType: 2)
        varint(UInt64(bytes.count))
        contents += bytes
    }

    private mutating func key(_ field: Int, wireType: Int) {
        varint(UInt64(field << 3 | wireType))
    }

    private mutating func varint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            contents.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        contents.append(UInt8(rest))
    }
}

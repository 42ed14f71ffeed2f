import CSentencePiece
import Glibc

/// A loaded SentencePiece model: text to ids and back, no special tokens.
///
/// `@unchecked Sendable`: the processor is never changed after loading, and its const functions
/// may be called from several threads.
@safe final class SentencePieceModel: @unchecked Sendable {
    static let maximumBytes = 16 << 20

    private let model: OpaquePointer

    init(_ bytes: [UInt8]) throws(TokenizerError) {
        guard bytes.count <= Self.maximumBytes else {
            throw TokenizerError(
                .overLimit,
                "a SentencePiece model of \(bytes.count) bytes; the limit is \(Self.maximumBytes)")
        }
        var message = [CChar](repeating: 0, count: 256)
        let capacity = message.count
        let loaded = unsafe bytes.withUnsafeBytes { buffer in
            unsafe voken_sentencepiece_load(buffer.baseAddress, buffer.count, &message, capacity)
        }
        guard let loaded = unsafe loaded else {
            let reason = String(
                decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw TokenizerError(.malformed, "not a SentencePiece model: \(reason)")
        }
        unsafe model = loaded
    }

    deinit { unsafe voken_sentencepiece_free(model) }

    var count: Int { Int(unsafe voken_sentencepiece_count(model)) }

    /// The id of a piece.
    func id(of piece: String) -> Int? {
        let id = unsafe voken_sentencepiece_id(model, piece)
        return id < 0 ? nil : Int(id)
    }

    /// Text that the model cannot encode is one unknown piece.
    func encode(_ text: String) -> [Int] {
        var text = text
        return text.withUTF8 { utf8 in
            var count = 0
            let ids = unsafe utf8.withMemoryRebound(to: CChar.self) { characters in
                unsafe voken_sentencepiece_encode(
                    model, characters.baseAddress, characters.count, &count)
            }
            guard let ids = unsafe ids else { preconditionFailure("out of memory encoding text") }
            defer { unsafe free(ids) }
            return unsafe UnsafeBufferPointer(start: ids, count: count).map(Int.init)
        }
    }

    /// - Precondition: each id is in `0..<count`.
    func decode(_ ids: [Int]) -> String {
        let count = self.count
        let narrow = ids.map { id in
            precondition((0..<count).contains(id), "id \(id) of \(count) pieces")
            return Int32(id)
        }
        var length = 0
        guard let text = unsafe voken_sentencepiece_decode(model, narrow, narrow.count, &length)
        else { preconditionFailure("out of memory decoding ids") }
        defer { unsafe free(text) }
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }
}

@testable import Tokenizers

extension Target {
    /// Any text has ids, and any ids have a text.
    static let llamaText = Target(
        "llama-text", longest: 256, heap: HeapBound(each: 2000, fixed: 1 << 20),
        seeds: {
            ["<s>Tom the cat [IMG0] <ImageHere></s>", "\u{1F430}  a\n\tb▁"].map { Array($0.utf8) }
        }
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        let ids = llama.encode(text)
        expect(ids.allSatisfy((0..<llama.count).contains), "\(ids) of \(llama.count)")
        let plain = llama.decode(ids)
        expect(plain.utf8.count <= 16 * (ids.count + 1) + 3 * bytes.count, "\(plain) of \(ids)")
        let any = stride(from: 0, to: bytes.count - 1, by: 2).map {
            (Int(bytes[$0]) << 8 | Int(bytes[$0 + 1])) % llama.count
        }
        _ = llama.decode(any)
    }

    /// A SentencePiece model from outside: one that loads can also be used.
    static let llamaModel = Target(
        "llama-model", longest: 2048, heap: HeapBound(each: 2000, fixed: 8 << 20)
    ) { bytes in
        let model: SentencePieceModel
        do { model = try SentencePieceModel(bytes) } catch { return }
        for text in ["", "Tom the cat", "\u{1F430} a\u{0}b ▁ <s>"] {
            let ids = model.encode(text)
            expect(ids.allSatisfy((0..<model.count).contains), "\(ids) of \(model.count) pieces")
            _ = model.decode(ids)
        }
        _ = model.decode(Array(0..<model.count))
        _ = try? LlamaTokenizer(model: bytes, rows: model.count + 9)
    }

    static let clipText = Target(
        "clip-text", longest: 256, heap: HeapBound(each: 4000, fixed: 1 << 20),
        seeds: {
            ["a cat's kite, 42!", "É\u{0301}<|endoftext|>\u{1F430}"].map { Array($0.utf8) }
        }
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        let ids = try clip.encode(text)
        expect(ids.allSatisfy((0..<clip.count).contains), "\(ids) of \(clip.count)")
        let row = try clip.encode(text, length: 77)
        expect(row.count == 77 && row.first == clip.beginning, "\(row)")
        expect(row.dropFirst().starts(with: ids.prefix(75)), "\(row) does not begin with \(ids)")
    }

    /// More tokens for a vocabulary that is whole, a zero byte, the merges. All of the vocabulary is
    /// read at each execution.
    static let clipModel = Target(
        "clip-model", longest: 512, weight: 5, heap: HeapBound(each: 2000, fixed: 2 << 20),
        seeds: { [Array("\"ba\":649,\"bal</w>\":650\0#version: 0.2\nb a\nba l</w>\n".utf8)] }
    ) { bytes in
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let comma = parts[0].isEmpty ? [] : [UInt8(ascii: ",")]
        let vocabulary = clipVocabulary.dropLast() + comma + parts[0] + [UInt8(ascii: "}")]
        let merges = parts.count > 1 ? Array(parts[1]) : []
        guard
            let tokenizer = try? ClipTokenizer(vocabulary: Array(vocabulary), merges: merges)
        else { return }
        let ids = try tokenizer.encode("a cat, 42 \u{1F430}")
        expect(ids.allSatisfy((0..<tokenizer.count).contains), "\(ids) of \(tokenizer.count)")
    }

    private static let clipVocabulary = kept {
        let bytes = try Files.contents("etc/models/pocket/tokenizer/vocab.json")
        return bytes[...(bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0)]
    }

    private static let llama = kept {
        try LlamaTokenizer(model: Files.contents("Tests/Fixtures/tokenizer.model"), rows: 1033)
    }

    private static let clip = kept {
        try ClipTokenizer(
            vocabulary: Files.contents("Tests/Fixtures/clip/vocab.json"),
            merges: Files.contents("Tests/Fixtures/clip/merges.txt"))
    }
}

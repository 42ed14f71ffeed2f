import Tokenizers

extension Target {
    /// Of a vocabulary with all bytes nothing of a text is lost.
    static let bytePairText = Target(
        "byte-pair-text", longest: 256, heap: HeapBound(each: 4000, fixed: 1 << 20),
        seeds: {
            ["It's a cat,  1234 \n\n", "<|im_start|>É\u{0301}[IMG0]\u{1F430}"].map {
                Array($0.utf8)
            }
        }
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        let ids = llama3.encode(text)
        expect(ids.allSatisfy((0..<llama3.count).contains), "\(ids) of \(llama3.count)")
        expect(llama3.decode(ids).utf8.elementsEqual(text.utf8), "\(text) came back otherwise")
        let any = stride(from: 0, to: bytes.count - 1, by: 2).map {
            (Int(bytes[$0]) << 8 | Int(bytes[$0 + 1])) % llama3.count
        }
        _ = llama3.decode(any)
    }

    /// A vocabulary from outside: one that loads can also be used.
    static let bytePairFile = Target(
        "byte-pair-file", longest: 2048, heap: HeapBound(each: 4000, fixed: 8 << 20),
        seeds: { [seed] }
    ) { bytes in
        guard
            let tokenizer = try? BytePairTokenizer(
                json: bytes, rows: 4096, special: SpecialIDs(end: 0))
        else { return }
        for text in ["", "Tom's cat", "\u{1F430} a\u{0}b 12 <s>\r\n ab"] {
            let ids = tokenizer.encode(text)
            expect(ids.allSatisfy((0..<tokenizer.count).contains), "\(ids) of \(tokenizer.count)")
            _ = tokenizer.decode(ids)
        }
        _ = tokenizer.decode(Array(0..<tokenizer.count))
    }

    private static let seed = Array(
        #"""
        {"added_tokens":[{"id":4,"content":"<s>","lstrip":true,"normalized":true}],
        "normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence","pretokenizers":[
        {"type":"Digits","individual_digits":true},{"type":"Split","pattern":{"Regex":
        "(?i:'s|'t)|[^\\r\\n\\p{L}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},"behavior":"Removed",
        "invert":true},{"type":"ByteLevel","add_prefix_space":true,"use_regex":false}]},
        "decoder":{"type":"ByteLevel"},"model":{"type":"BPE","unk_token":"u","fuse_unk":true,
        "ignore_merges":true,"vocab":{"a":0,"b":1,"ab":2,"u":3},"merges":["a b"]}}
        """#.utf8)

    private static let llama3 = kept {
        try BytePairTokenizer(
            json: Files.contents("Tests/Fixtures/byte-pair/llama3.json"), rows: 500,
            special: SpecialIDs(end: 0))
    }
}

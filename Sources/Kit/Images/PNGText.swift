extension Image {
    /// The texts of a PNG, in order: `tEXt`, and `iTXt` that is not compressed.
    ///
    /// Chunks with a wrong checksum or layout are passed over, as the format asks of readers.
    /// - Throws: if it is no PNG, or over the limits of texts.
    public static func textChunks(
        png bytes: [UInt8], limits: ImageLimits = .default
    ) throws(ImageError) -> [(key: String, value: String)] {
        guard bytes.starts(with: PNGChunks.signature) else {
            throw ImageError(.unknownFormat, "not a PNG")
        }
        try checkTexts(bytes, limits)
        return PNGChunks(bytes).compactMap { chunk in
            guard textTypes.contains(chunk.type), chunk.isIntact() else { return nil }
            let data = bytes[chunk.range]
            guard let end = data.firstIndex(of: 0) else { return nil }
            let key = latin1(data[..<end])
            let rest = data[(end + 1)...]
            switch chunk.type {
            case "tEXt": return (key, latin1(rest))
            case "iTXt": return international(rest).map { (key, $0) }
            default: return nil
            }
        }
    }

    private static let textTypes = ["tEXt", "iTXt", "zTXt"]

    static func checkTexts(_ bytes: [UInt8], _ limits: ImageLimits) throws(ImageError) {
        var (count, size) = (0, 0)
        for chunk in PNGChunks(bytes) where textTypes.contains(chunk.type) {
            count += 1
            size += chunk.range.count
            guard count <= limits.textChunks && size <= limits.textBytes else {
                throw ImageError(
                    .overLimit,
                    "texts of more than \(limits.textBytes) bytes or \(limits.textChunks) chunks")
            }
        }
    }

    /// A chunk of text: `tEXt` if the value is Latin-1, else `iTXt`.
    ///
    /// - Precondition: the key is 1 to 79 printable ASCII characters, as a keyword of ours is.
    static func textChunk(_ key: String, _ value: String) -> [UInt8] {
        precondition(
            (1...79).contains(key.utf8.count) && key.utf8.allSatisfy { (0x20..<0x7f).contains($0) },
            "\"\(key)\" is no PNG keyword")
        // The format has no way to write a NUL.
        let scalars = value.unicodeScalars.filter { $0.value != 0 }
        let keyword = Array(key.utf8) + [0]
        if scalars.allSatisfy({ $0.value < 256 }) {
            let text = scalars.map { UInt8(truncatingIfNeeded: $0.value) }
            return PNGChunks.encode("tEXt", keyword + text)
        }
        // Not compressed, method 0, no language, no translated keyword.
        let header: [UInt8] = [0, 0, 0, 0]
        return PNGChunks.encode("iTXt", keyword + header + Array(String(scalars).utf8))
    }

    /// After the keyword: flag, method, language, translated keyword, text in UTF-8.
    private static func international(_ data: ArraySlice<UInt8>) -> String? {
        guard data.count >= 4, data.first == 0 else { return nil }
        let languageAndOn = data.dropFirst(2)
        guard let language = languageAndOn.firstIndex(of: 0),
            let translated = languageAndOn[(language + 1)...].firstIndex(of: 0)
        else { return nil }
        return String(validating: languageAndOn[(translated + 1)...], as: UTF8.self)
    }

    private static func latin1(_ bytes: ArraySlice<UInt8>) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes { scalars.append(Unicode.Scalar(byte)) }
        return String(scalars)
    }
}

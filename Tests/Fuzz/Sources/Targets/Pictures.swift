@testable import Images

extension Target {
    static let png = Target(
        "png", heap: HeapBound(each: 100, fixed: 2 << 20),
        seeds: {
            try [
                "alpha", "bilevel", "grey-16", "grey-alpha", "grey", "interlaced", "palette-16",
                "palette-2", "palette-200", "palette-4", "palette-transparent", "rgb-16",
                "rgb-transparent", "smooth",
            ].map { try Files.contents("Tests/Fixtures/images/\($0).png") }
        }
    ) { bytes in
        readPNG(bytes)
        // Few mutations would get past a checksum.
        readPNG(withChecksums(bytes))
    }

    static let jpeg = Target(
        "jpeg", heap: HeapBound(each: 100, fixed: 4 << 20),
        seeds: {
            try [
                "baseline", "cmyk", "full-chroma", "grey-jpeg", "orientation-6", "orientation-8",
                "progressive",
            ].map { try Files.contents("Tests/Fixtures/images/\($0).jpg") }
        }
    ) { bytes in
        guard let image = try? Image.decode(bytes, limits: limits) else { return }
        expect(image.width * image.height <= limits.pixels, "\(image.width) x \(image.height)")
    }
}

/// Small, so that an execution is short.
private let limits: ImageLimits = {
    var limits = ImageLimits()
    limits.side = 256
    limits.pixels = 4096
    limits.textChunks = 8
    limits.textBytes = 1024
    return limits
}()

/// What can be read can be written, and reads the same.
private func readPNG(_ bytes: [UInt8]) {
    _ = try? Image.textChunks(png: bytes, limits: limits)
    guard let image = try? Image.decode(bytes, limits: limits) else { return }
    expect(image.width * image.height <= limits.pixels, "\(image.width) x \(image.height)")
    guard image.pixels.count <= 3 << 8 else { return }
    let again = try? Image.decode(image.png(text: [("k", "v")]))
    expect(again == image, "a picture of \(image.width) x \(image.height) changed")
}

/// The same file with the checksum of each chunk put right.
private func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for chunk in PNGChunks(bytes) {
        let right = PNGChunks.encode(chunk.type, Array(bytes[chunk.range])).suffix(4)
        result.replaceSubrange(chunk.range.upperBound..<chunk.range.upperBound + 4, with: right)
    }
    return result
}

import Images
import Testing

struct DecodeTests {
    @Test(arguments: [
        "noise", "smooth", "alpha", "grey", "grey-alpha", "bilevel", "palette-2", "palette-4",
        "palette-16", "palette-200", "palette-transparent", "rgb-transparent", "interlaced",
    ])
    func readsPNG(name: String) throws {
        expectClose(try Image.decode(fixtureBytes(name + ".png")), try expectedImage(name))
    }

    @Test(arguments: ["rgb-16", "grey-16"])
    func rounds16BitsToNearest(name: String) throws {
        expectClose(try Image.decode(fixtureBytes(name + ".png")), try expectedImage(name))
    }

    /// Pillow brings a JPEG library of its own: rounding may differ by one level a step.
    @Test(arguments: ["baseline", "progressive", "full-chroma", "grey-jpeg", "cmyk"])
    func readsJPEG(name: String) throws {
        expectClose(
            try Image.decode(fixtureBytes(name + ".jpg")), try expectedImage(name), within: 2)
    }

    @Test(arguments: 1...8)
    func turnsPhotographsUpright(orientation: Int) throws {
        let name = "orientation-\(orientation)"
        expectClose(
            try Image.decode(fixtureBytes(name + ".jpg")), try expectedImage(name), within: 2)
    }

    @Test(
        arguments: [
            [], [0], Array("GIF89a".utf8), Array("\u{89}PNG".utf8), [0xff, 0xd8],
            [0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] as [[UInt8]])
    func refusesOtherFormats(bytes: [UInt8]) {
        expectError(.unknownFormat) { try Image.decode(bytes) }
    }

    @Test func refusesEveryTruncation() throws {
        for name in [
            "noise.png", "interlaced.png", "palette-16.png", "baseline.jpg",
            "progressive.jpg", "orientation-6.jpg",
        ] {
            let bytes = try fixtureBytes(name)
            for length in 0..<bytes.count {
                #expect(throws: ImageError.self, "\(name) cut at \(length)") {
                    try Image.decode(Array(bytes[..<length]))
                }
            }
        }
    }

    /// Damage may go unnoticed; it may not crash, and what comes out is as large as was said.
    @Test func survivesDamage() throws {
        var generator = SplitMix(state: 11)
        for name in [
            "alpha.png", "interlaced.png", "palette-200.png", "rgb-16.png", "baseline.jpg",
            "progressive.jpg", "cmyk.jpg", "orientation-3.jpg",
        ] {
            let original = try fixtureBytes(name)
            var refused = 0
            for _ in 0..<400 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[place] = UInt8.random(in: 0...255, using: &generator)
                }
                do {
                    let image = try Image.decode(bytes, limits: .small)
                    #expect(image.width * image.height <= ImageLimits.small.pixels)
                } catch { refused += 1 }
            }
            #expect(refused > 0, "\(name)")
        }
    }

    @Test func refusesAHeaderOverTheLimitsUndecoded() throws {
        // 65,535 x 65,535: 12 GB if anybody believed it.
        let png = header(width: 65_535, height: 65_535)
        expectError(.overLimit) { try Image.decode(png) }
        expectError(.overLimit) { try Image.decode(header(width: 16_385, height: 1)) }
        expectError(.overLimit) { try Image.decode(header(width: 4_001, height: 4_000)) }
        expectError(.malformed) { try Image.decode(header(width: 0, height: 7)) }
        var jpeg = try fixtureBytes("baseline.jpg")
        let frame = try #require(jpeg.indices.first { jpeg[$0...].starts(with: [0xff, 0xc0]) })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0xff, 0xff, 0xff])
        expectError(.overLimit) { try Image.decode(jpeg) }
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0, 0, 0, 9])
        expectError(.malformed) { try Image.decode(jpeg) }
    }

    @Test func refusesALargeFileUnread() {
        var limits = ImageLimits()
        limits.fileBytes = 100
        expectError(.overLimit) {
            try Image.decode([UInt8](repeating: 0, count: 101), limits: limits)
        }
    }

    /// A PNG that ends after its header.
    private func header(width: UInt32, height: UInt32) -> [UInt8] {
        func bytes(_ value: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        }
        return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
            + bytes(width) + bytes(height) + [8, 2, 0, 0, 0] + [0, 0, 0, 0]
    }
}

extension ImageLimits {
    /// Enough for the fixtures; keeps damaged extents from costing time.
    fileprivate static let small = {
        var limits = ImageLimits()
        limits.pixels = 20_000
        return limits
    }()
}

func expectError(
    _ code: ImageError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> some Any
) {
    #expect(sourceLocation: sourceLocation) {
        _ = try body()
    } throws: { error in
        (error as? ImageError)?.code == code
    }
}

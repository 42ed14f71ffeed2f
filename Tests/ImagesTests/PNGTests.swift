import Images
import Testing

struct PNGTests {
    let image: Image

    init() throws { image = try expectedImage("noise") }

    @Test func writesWhatItReads() throws {
        #expect(try Image.decode(image.png()) == image)
        let dot = Image(width: 1, height: 1, red: 1, green: 2, blue: 3)
        #expect(try Image.decode(dot.png(text: [("seed", "1")])) == dot)
    }

    @Test func equalPicturesGiveEqualBytes() {
        let text = [(key: "prompt", value: "a ball"), (key: "seed", value: "7")]
        #expect(image.png(text: text) == image.png(text: text))
        #expect(image.png(text: text) != image.png())
    }

    @Test func keepsTextsInOrder() throws {
        let texts = [
            (key: "prompt", value: "Mia the rabbit\nfound a ball"), (key: "empty", value: ""),
            (key: "latin", value: "caf\u{e9}"), (key: "emoji", value: "\u{1f430} \u{5154}"),
            (key: "prompt", value: "again"),
        ]
        let read = try Image.textChunks(png: image.png(text: texts))
        #expect(read.map(\.key) == texts.map(\.key))
        #expect(read.map(\.value) == texts.map(\.value))
    }

    @Test func leavesNULOut() throws {
        let read = try Image.textChunks(png: image.png(text: [("key", "a\0b")]))
        #expect(read.map(\.value) == ["ab"])
    }

    @Test func passesOverDamagedTexts() throws {
        var bytes = image.png(text: [("one", "first"), ("two", "second")])
        let place = try #require(
            bytes.indices.first { bytes[$0...].starts(with: Array("first".utf8)) })
        bytes[place] ^= 1
        #expect(try Image.textChunks(png: bytes).map(\.key) == ["two"])
    }

    @Test func survivesDamagedTexts() throws {
        var generator = SplitMix(state: 3)
        let original = image.png(text: [("latin", "caf\u{e9}"), ("emoji", "\u{1f430}")])
        for _ in 0..<2000 {
            var bytes = Array(original.prefix(160))
            let place = Int.random(in: 8..<bytes.count, using: &generator)
            bytes[place] = UInt8.random(in: 0...255, using: &generator)
            #expect(try Image.textChunks(png: bytes).count <= 2)
        }
    }

    @Test func refusesTextsOverTheLimits() throws {
        let many = (0..<65).map { (key: "k\($0)", value: "v") }
        expectError(.overLimit) { try Image.decode(image.png(text: many)) }
        let large = String(repeating: "x", count: 1 << 20)
        expectError(.overLimit) { try Image.textChunks(png: image.png(text: [("k", large)])) }
        expectError(.unknownFormat) { try Image.textChunks(png: [1, 2, 3]) }
    }
}

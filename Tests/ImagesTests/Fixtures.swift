import Foundation
import Images
import TestSupport
import Testing

/// A file that `Tests/Reference/images.py` wrote.
func fixtureBytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: fixture("images/" + name)))
}

/// What Pillow made of it: extents in 32 bits, little-endian, and the pixels.
func expectedImage(_ name: String) throws -> Image {
    let bytes = try fixtureBytes(name + ".rgb")
    func extent(_ offset: Int) -> Int {
        bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    return Image(width: extent(0), height: extent(4), pixels: Array(bytes[8...]))
}

/// Compares pictures channel by channel and reports the worst place.
func expectClose(
    _ actual: Image, _ expected: Image, within tolerance: Int = 0,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.width == expected.width && actual.height == expected.height else {
        Issue.record(
            """
            \(actual.width) x \(actual.height) pixels, expected \(expected.width) x \
            \(expected.height)
            """, sourceLocation: sourceLocation)
        return
    }
    let errors = zip(actual.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }
    guard let worst = errors.indices.max(by: { errors[$0] < errors[$1] }),
        errors[worst] > tolerance
    else { return }
    let (pixel, channel) = worst.quotientAndRemainder(dividingBy: 3)
    Issue.record(
        """
        \(errors.count { $0 > tolerance }) of \(errors.count) channels are off by more than \
        \(tolerance); the worst is channel \(channel) at \(pixel % actual.width), \
        \(pixel / actual.width): \(actual.pixels[worst]), expected \(expected.pixels[worst])
        """, sourceLocation: sourceLocation)
}

/// Numbers that are the same on every run (Steele et al., 2014: SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

import CPNG
import Glibc

extension Image {
    /// Where the header chunk ends: signature, length, type, 13 bytes, checksum.
    private static let headerEnd = PNGChunks.signature.count + 4 + 4 + 13 + 4

    static func sizeOfPNG(
        _ bytes: [UInt8], _ limits: ImageLimits
    ) throws(ImageError) -> (width: Int, height: Int) {
        var chunks = PNGChunks(bytes)
        guard let header = chunks.next(), header.type == "IHDR", header.range.count == 13 else {
            throw ImageError(.malformed, "the PNG has no header")
        }
        let start = header.range.lowerBound
        let width = Int(bigEndian(bytes[start..<start + 4]))
        let height = Int(bigEndian(bytes[start + 4..<start + 8]))
        try limits.check(width: width, height: height)
        try checkTexts(bytes, limits)
        return (width, height)
    }

    static func decodePNG(_ bytes: [UInt8], _ limits: ImageLimits) throws(ImageError) -> Image {
        let (width, height) = try sizeOfPNG(bytes, limits)
        var rgba = [UInt8](repeating: 0, count: width * height * 4)
        var message = [CChar](repeating: 0, count: 128)
        let status = unsafe voken_png_decode(
            bytes, bytes.count, UInt32(width), UInt32(height), &rgba, &message, message.count)
        guard status == 0 else { throw ImageError(.malformed, "PNG: \(text(of: message))") }
        return Image(width: width, height: height, pixels: onWhite(rgba))
    }

    /// R, G, B, A over a white background, rounded to nearest.
    private static func onWhite(_ rgba: [UInt8]) -> [UInt8] {
        let count = rgba.count / 4
        return unsafe [UInt8](unsafeUninitializedCapacity: count * 3) { rgb, initialized in
            let rgba = rgba.span
            for pixel in 0..<count {
                let alpha = Int(rgba[4 &* pixel &+ 3])
                for channel in 0..<3 {
                    let colour = Int(rgba[4 &* pixel &+ channel])
                    let mixed = (colour * alpha + 255 * (255 - alpha) + 127) / 255
                    unsafe rgb[3 &* pixel &+ channel] = UInt8(truncatingIfNeeded: mixed)
                }
            }
            initialized = count * 3
        }
    }

    /// This picture as a PNG with texts; equal pictures and texts give equal bytes.
    ///
    /// - Parameter text: keywords of 1 to 79 printable ASCII characters, and any values.
    public func png(text: [(key: String, value: String)] = []) -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        var message = [CChar](repeating: 0, count: 128)
        let status = unsafe voken_png_encode(
            pixels, UInt32(width), UInt32(height), &bytes, &count, &message, message.count)
        guard status == 0, let bytes = unsafe bytes else {
            preconditionFailure("encoding a PNG: \(Self.text(of: message))")
        }
        defer { unsafe free(bytes) }
        let encoded = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
        let texts = text.flatMap { Self.textChunk($0.key, $0.value) }
        return encoded[..<Self.headerEnd] + texts + encoded[Self.headerEnd...]
    }

    /// A terminated message of C.
    static func text(of message: [CChar]) -> String {
        let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

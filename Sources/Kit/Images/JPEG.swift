import CJPEG

extension Image {
    static func decodeJPEG(_ bytes: [UInt8], _ limits: ImageLimits) throws(ImageError) -> Image {
        let header = try JPEGHeader(bytes)
        try limits.check(width: header.width, height: header.height)
        var pixels = [UInt8](repeating: 0, count: header.width * header.height * 3)
        var message = [CChar](repeating: 0, count: 256)
        let status = unsafe voken_jpeg_decode(
            bytes, bytes.count, UInt32(header.width), UInt32(header.height), &pixels, &message,
            message.count)
        guard status == 0 else { throw ImageError(.malformed, "JPEG: \(text(of: message))") }
        return Image(width: header.width, height: header.height, pixels: pixels)
            .upright(orientation: header.orientation)
    }

    /// The picture as it was seen, from the orientation of its Exif header.
    func upright(orientation: Int) -> Image {
        let (w, h) = (width - 1, height - 1)
        switch orientation {
        case 2: return rearranged(width, height) { x, y in (w - x, y) }
        case 3: return rearranged(width, height) { x, y in (w - x, h - y) }
        case 4: return rearranged(width, height) { x, y in (x, h - y) }
        case 5: return rearranged(height, width) { x, y in (y, x) }
        case 6: return rearranged(height, width) { x, y in (y, h - x) }
        case 7: return rearranged(height, width) { x, y in (w - y, h - x) }
        case 8: return rearranged(height, width) { x, y in (w - y, x) }
        default: return self
        }
    }

    /// A picture whose pixel at `(x, y)` is this one's at `source(x, y)`.
    private func rearranged(
        _ width: Int, _ height: Int, source: (_ x: Int, _ y: Int) -> (x: Int, y: Int)
    ) -> Image {
        var result: [UInt8] = []
        result.reserveCapacity(pixels.count)
        for y in 0..<height {
            for x in 0..<width {
                let from = source(x, y)
                let start = (from.y * self.width + from.x) * 3
                result += pixels[start..<start + 3]
            }
        }
        return Image(width: width, height: height, pixels: result)
    }
}

/// A picture of eight-bit R, G, B, row by row from the top.
public struct Image: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// `height * width * 3` bytes.
    public let pixels: [UInt8]

    /// - Precondition: both extents are positive and `pixels` fills them.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "a picture of \(width) x \(height)")
        precondition(
            pixels.count == width * height * 3,
            "\(pixels.count) bytes for \(width) x \(height) pixels of three")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// Of one colour.
    public init(width: Int, height: Int, red: UInt8, green: UInt8, blue: UInt8) {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height * 3)
        for _ in 0..<width * height { pixels += [red, green, blue] }
        self.init(width: width, height: height, pixels: pixels)
    }

    /// Reads a PNG or a JPEG, told apart by their first bytes alone.
    ///
    /// Transparent pixels are laid on white; a photograph is turned as its Exif orientation says;
    /// colour profiles are ignored. Limits are checked against the header before anything is
    /// allocated.
    public static func decode(
        _ bytes: [UInt8], limits: ImageLimits = .default
    ) throws(ImageError) -> Image {
        guard bytes.count <= limits.fileBytes else {
            throw ImageError(
                .overLimit, "\(bytes.count) bytes; the limit is \(limits.fileBytes)")
        }
        if bytes.starts(with: PNGChunks.signature) { return try decodePNG(bytes, limits) }
        if bytes.starts(with: JPEGHeader.signature) { return try decodeJPEG(bytes, limits) }
        throw ImageError(.unknownFormat, "neither a PNG nor a JPEG")
    }

    /// The size that a file's header tells, before it is turned upright, with the checks of
    /// ``decode(_:limits:)`` that need no decoding.
    public static func size(
        of bytes: [UInt8], limits: ImageLimits = .default
    ) throws(ImageError) -> (width: Int, height: Int) {
        guard bytes.count <= limits.fileBytes else {
            throw ImageError(
                .overLimit, "\(bytes.count) bytes; the limit is \(limits.fileBytes)")
        }
        if bytes.starts(with: PNGChunks.signature) { return try sizeOfPNG(bytes, limits) }
        guard bytes.starts(with: JPEGHeader.signature) else {
            throw ImageError(.unknownFormat, "neither a PNG nor a JPEG")
        }
        let header = try JPEGHeader(bytes)
        try limits.check(width: header.width, height: header.height)
        return (header.width, header.height)
    }
}

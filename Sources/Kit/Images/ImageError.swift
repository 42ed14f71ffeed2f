/// A picture that cannot be read.
public struct ImageError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// The first bytes are those of neither PNG nor JPEG.
        case unknownFormat
        /// The contents contradict the format, or end early.
        case malformed
        /// Well formed, but of a kind that is not read here.
        case unsupported
        /// Over one of the ``ImageLimits``; nothing was decoded.
        case overLimit
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// What a picture from outside may ask of this process; compared with its header before decoding.
public struct ImageLimits: Sendable {
    public var fileBytes = 32 << 20
    /// Of the longer side, in pixels.
    public var side = 16_384
    public var pixels = 16_000_000
    /// Chunks of text in a PNG, and their bytes in all.
    public var textChunks = 64
    public var textBytes = 1 << 20

    public static let `default` = ImageLimits()

    public init() {}

    func check(width: Int, height: Int) throws(ImageError) {
        guard width > 0 && height > 0 else {
            throw ImageError(.malformed, "the picture is \(width) x \(height) pixels")
        }
        guard width <= side && height <= side else {
            throw ImageError(
                .overLimit,
                "the picture is \(width) x \(height) pixels; a side may have \(side), "
                    + "scale it down first")
        }
        guard width * height <= pixels else {
            throw ImageError(
                .overLimit,
                "the picture is \(width) x \(height) pixels; allowed are \(pixels) in all, "
                    + "scale it down first")
        }
    }
}

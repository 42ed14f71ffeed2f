extension Image {
    /// Scaled with an antialiased triangle filter, to the byte as Pillow's `resize(BILINEAR)` up to
    /// version 11: rows first, then columns, each with weights of 22 fractional bits and rounded
    /// to eight. (Later versions begin with the columns where that is cheaper.)
    public func resized(width: Int, height: Int) -> Image {
        precondition(width > 0 && height > 0, "cannot scale to \(width) x \(height)")
        return scaledRows(to: width, keeping: 0..<width)
            .scaledColumns(to: height, keeping: 0..<height)
    }

    /// Scaled so that the shorter side is `side`; the longer one is rounded down, as torchvision's
    /// `Resize(side)` does. A picture of an extreme shape becomes huge; ``prepared(side:fit:)``
    /// does not make the parts that are cut off.
    public func resizedShorterSide(to side: Int) -> Image {
        let (width, height) = sizeWithShorterSide(side)
        return resized(width: width, height: height)
    }

    func sizeWithShorterSide(_ side: Int) -> (width: Int, height: Int) {
        let long = side * max(width, height) / min(width, height)
        return width <= height ? (side, long) : (long, side)
    }

    /// The places `kept` of each row, scaled to `width`.
    /// - Parameter padding: the width that white on both sides gives each row before.
    func scaledRows(to width: Int, keeping kept: Range<Int>, padding: Int? = nil) -> Image {
        let taps = Taps(from: self.width, padding: padding, to: width, keeping: kept)
        return Image(width: kept.count, height: height) { result in
            let source = pixels.span
            for y in 0..<height {
                let (from, to) = (y &* self.width, y &* kept.count)
                for x in 0..<kept.count {
                    taps.apply(
                        x, to: source, at: (from &+ taps.first[x]) &* 3, stride: 3, into: &result,
                        at: (to &+ x) &* 3)
                }
            }
        }
    }

    /// The places `kept` of each column, scaled to `height`.
    /// - Parameter padding: the height that white on both sides gives each column before.
    func scaledColumns(to height: Int, keeping kept: Range<Int>, padding: Int? = nil) -> Image {
        let taps = Taps(from: self.height, padding: padding, to: height, keeping: kept)
        return Image(width: width, height: kept.count) { result in
            let source = pixels.span
            for y in 0..<kept.count {
                let first = taps.first[y] &* width
                for x in 0..<width {
                    taps.apply(
                        y, to: source, at: (first &+ x) &* 3, stride: width &* 3, into: &result,
                        at: (y &* width &+ x) &* 3)
                }
            }
        }
    }

    private init(width: Int, height: Int, fill: (inout MutableSpan<UInt8>) -> Void) {
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        var span = pixels.mutableSpan
        fill(&span)
        self.init(width: width, height: height, pixels: pixels)
    }
}

extension Image {
    /// How a picture of any shape becomes a square.
    public enum Fit: String, Sendable, CaseIterable {
        /// What sticks out on the longer side is cut off.
        case crop
        /// White is added on the shorter side.
        case pad
    }

    /// A square of `side` pixels: made square first if `fit` says so, then scaled by its shorter
    /// side and cut from the middle (the reference's evaluation crops, its playground pads).
    ///
    /// To the byte what the three functions below give in that order, but without making the
    /// parts that end outside or white: 16,384 pixels by one would take gigabytes.
    public func prepared(side: Int, fit: Fit = .crop) -> Image {
        switch fit {
        case .crop:
            let (wide, high) = sizeWithShorterSide(side)
            let (left, top) = (Self.margin(wide - side), Self.margin(high - side))
            return scaledRows(to: wide, keeping: left..<left + side)
                .scaledColumns(to: high, keeping: top..<top + side)
        case .pad:
            let square = max(width, height)
            return scaledRows(to: side, keeping: 0..<side, padding: square)
                .scaledColumns(to: side, keeping: 0..<side, padding: square)
        }
    }

    /// The middle of the picture; an odd remainder is split as torchvision's `CenterCrop` does,
    /// which rounds halves to even.
    /// - Precondition: the picture is at least of that size.
    public func centreCropped(width: Int, height: Int) -> Image {
        precondition(
            (1...self.width).contains(width) && (1...self.height).contains(height),
            "cannot cut \(width) x \(height) out of \(self.width) x \(self.height)")
        let (left, top) = (Self.margin(self.width - width), Self.margin(self.height - height))
        var result: [UInt8] = []
        result.reserveCapacity(width * height * 3)
        for y in top..<top + height {
            let start = (y * self.width + left) * 3
            result += pixels[start..<start + width * 3]
        }
        return Image(width: width, height: height, pixels: result)
    }

    /// The picture in the middle of a white square; an odd pixel of white goes below or right.
    public func paddedToSquare() -> Image {
        let side = max(width, height)
        let (left, top) = ((side - width) / 2, (side - height) / 2)
        var result = [UInt8](repeating: 255, count: side * side * 3)
        let rowBytes = width * 3
        for y in 0..<height {
            let start = ((top + y) * side + left) * 3
            result.replaceSubrange(
                start..<start + rowBytes, with: pixels[y * rowBytes..<(y + 1) * rowBytes])
        }
        return Image(width: side, height: side, pixels: result)
    }

    private static func margin(_ rest: Int) -> Int {
        Int((Double(rest) / 2).rounded(.toNearestOrEven))
    }
}

/// For each kept place of a scaled row or column, the run of source places it is made of and their
/// weights in fixed point.
struct Taps {
    private static let fractionBits = 22

    /// Where each run begins.
    private(set) var first: [Int] = []
    private var counts: [Int] = []
    /// What each sum begins with: a half, to round to nearest, and the white outside the source.
    private var offsets: [Int32] = []
    private var weights: [Int32] = []
    /// Where each run's weights begin.
    private var starts: [Int] = []

    /// - Parameters:
    ///   - source: the extent before.
    ///   - padding: the extent to which white on both sides brings the source, if any.
    ///   - target: the extent after.
    ///   - kept: the places of the result that are wanted.
    init(from source: Int, padding: Int? = nil, to target: Int, keeping kept: Range<Int>) {
        let padded = padding ?? source
        let margin = (padded - source) / 2
        let scale = Double(padded) / Double(target)
        let support = max(scale, 1)  // half the width of the triangle, in source places
        for place in kept {
            let centre = (Double(place) + 0.5) * scale
            let low = max(Int(centre - support + 0.5), 0)
            let high = min(Int(centre + support + 0.5), padded)
            let raw = (low..<high).map { index in
                max(1 - abs((Double(index) - centre + 0.5) * (1 / support)), 0)
            }
            let sum = raw.reduce(0, +)
            let fixed = raw.map { weight in
                Int32(0.5 + (sum == 0 ? weight : weight / sum) * Double(1 << Self.fractionBits))
            }
            // Of the run only what lies in the source is read; the rest is white.
            let begin = min(max(margin, low), high)
            let end = min(max(margin + source, begin), high)
            let used = fixed[begin - low..<end - low]
            let white = fixed.reduce(0, &+) &- used.reduce(0, &+)
            first.append(used.isEmpty ? 0 : begin - margin)
            counts.append(used.count)
            offsets.append((1 << Int32(Self.fractionBits - 1)) &+ 255 &* white)
            starts.append(weights.count)
            weights += used
        }
    }

    /// Writes one pixel of the result from a run of the source's.
    /// - Parameters:
    ///   - place: among the kept ones.
    ///   - start: of the run's first pixel; `stride`: from one pixel of the run to the next.
    func apply(
        _ place: Int, to source: Span<UInt8>, at start: Int, stride: Int,
        into result: inout MutableSpan<UInt8>, at target: Int
    ) {
        let offset = offsets[place]
        var (red, green, blue) = (offset, offset, offset)
        let weights = self.weights.span
        let base = starts[place]
        var position = start
        for tap in 0..<counts[place] {
            let weight = weights[base &+ tap]
            red &+= weight &* Int32(source[position])
            green &+= weight &* Int32(source[position &+ 1])
            blue &+= weight &* Int32(source[position &+ 2])
            position &+= stride
        }
        result[target] = Self.level(red)
        result[target &+ 1] = Self.level(green)
        result[target &+ 2] = Self.level(blue)
    }

    private static func level(_ sum: Int32) -> UInt8 {
        UInt8(clamping: sum >> Int32(fractionBits))
    }
}
